"""A Gradio page for any deployment, made from its schema, which alone says what is valid."""

import gradio

from tablecast import load
from tablecast.errors import InvalidInput
from tablecast.web.display.amounts import answer_in_words, wording_of_all
from tablecast.web.display.remarks import sentence_of

deployment = load()  # the one that TABLECAST_DEPLOYMENT names
schema, fields = deployment.schema, sorted(deployment.schema.fields, key=lambda one: one.folded)


def control(field):
    about = {"label": f"{field.label} ({field.unit})" if field.unit else field.label,
             "info": field.hint or None, "value": field.show(field.default) or None}
    if field.choices:
        about["choices"] = [(one.label, one.value) for one in field.choices]
        return gradio.Dropdown(allow_custom_value=not field.closed, **about)
    if field.graph_input == "number" and field.required:  # a slider cannot be left empty
        about |= {"value": field.default, "step": 1 if field.is_whole else None}
        return gradio.Slider(field.minimum, field.maximum, **about)
    return gradio.Textbox(**about)


def predict(*values):
    try:
        row = schema.parse({field.name: one for field, one in zip(fields, values, strict=True)})
    except InvalidInput as error:
        raise gradio.Error(" ".join(sentence_of(schema, one) for one in error.errors)) from None
    for remark in row.warnings:
        gradio.Warning(sentence_of(schema, remark))
    (answer,) = deployment.predictor.predict([row])
    shares = {schema.show_class(name): one for name, one in (answer.probabilities or {}).items()}
    wording = wording_of_all(schema, [answer], deployment.background)
    return shares or answer_in_words(schema, answer.prediction, wording)


gradio.Interface(predict, [*map(control, fields)], title=schema.title, flagging_mode="never",
                 outputs=gradio.Label(label=schema.target_label, num_top_classes=3)).launch()
