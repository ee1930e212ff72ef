"""Google Cloud Run, by a Knative service and the image's Dockerfile."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from tablecast.export.ship.host import Findings, Host, read_yaml, text_of
from tablecast.export.ship.server_folder import BEHIND_PROXY, IMAGE, Guide, image_files
from tablecast.export.ship.shipment import Shipment
from tablecast.export.ship.templates import filled

PORT = 8080  # Cloud Run's own default

GUIDE = Guide("cloudrun", "Google Cloud Run", (
    'gcloud builds submit --tag "$IMAGE"',
    'sed "s|IMAGE|$IMAGE|" service.yaml | gcloud run services replace - --region "$REGION"',
    "gcloud run services add-iam-policy-binding {app} --region \"$REGION\" \\\n"
    "  --member allUsers --role roles/run.invoker",
), before="""\
Choose a region and a repository of images first (`gcloud artifacts repositories create`):

```sh
export REGION=europe-west1
export IMAGE="$REGION-docker.pkg.dev/PROJECT/REPOSITORY/{app}"
```
""", url="URL", after="""\
The last command opens it to everybody; leave it out where Google is to ask who calls. Files live in
memory there, so a prediction log belongs into a database.
""")  # fmt: skip


def files(shipment: Shipment) -> Mapping[str, bytes]:
    """The folder of an image, and the service that runs it."""
    service = filled("service.yaml", shipment=shipment, port=PORT, variables=BEHIND_PROXY)
    return {**image_files(shipment, GUIDE, port=PORT), "service.yaml": service}


def check(folder: Path) -> Findings:
    """What Cloud Run would refuse."""
    told = read_yaml(text_of(folder / "service.yaml"))
    if not isinstance(told, dict) or told.get("apiVersion") != "serving.knative.dev/v1":
        return ["service.yaml is no Knative service (serving.knative.dev/v1)."]
    try:
        (container,) = told["spec"]["template"]["spec"]["containers"]
        return list(_findings(container))
    except (KeyError, TypeError, ValueError):
        return ["service.yaml needs one container in spec.template.spec.containers."]


def _findings(container: dict[str, Any]) -> Iterator[str]:
    if not container.get("image"):
        yield "service.yaml: the container has no image."
    if any(one.get("name") == "PORT" for one in container.get("env", [])):
        yield "service.yaml: Cloud Run sets PORT itself and refuses it in env."
    if [set(one) - {"name"} for one in container.get("ports", [])] != [{"containerPort"}]:
        yield "service.yaml: the container needs one containerPort."


HOST = Host("Google Cloud Run", files, (*IMAGE, "service.yaml"), check)
