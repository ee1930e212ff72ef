"""The hand-written peer with a log, as FastAPI's and SQLAlchemy's documentation teach it.

Each answer is a row that a session adds and commits before it is given. The route is a plain
function, which FastAPI runs in its pool of threads: a commit waits for the disk.
"""

import os
import time
import uuid
from collections.abc import Iterator
from typing import Annotated, Any

from fastapi import Depends, FastAPI
from fastapi_model import Patient, charges
from sqlalchemy import JSON, Float, String, create_engine, event
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, mapped_column

engine = create_engine(os.environ["PEER_LOG"], pool_size=40)


@event.listens_for(engine, "connect")
def prepare(connection: Any, _record: Any) -> None:
    """What ours asks of SQLite: written ahead, and on the disk when a commit returns."""
    if engine.dialect.name == "sqlite":
        for pragma in ("journal_mode=WAL", "synchronous=FULL", "busy_timeout=20000"):
            connection.execute(f"PRAGMA {pragma}")


class Base(DeclarativeBase):
    """Of all tables."""


class Prediction(Base):
    """An answer that is kept."""

    __tablename__ = "peer_prediction"  # in PostgreSQL it shares a database with ours
    id: Mapped[str] = mapped_column(String, primary_key=True)
    at: Mapped[float] = mapped_column(Float)
    given: Mapped[Any] = mapped_column(JSON)
    prediction: Mapped[float] = mapped_column(Float)


Base.metadata.create_all(engine)
app = FastAPI()


def a_session() -> Iterator[Session]:
    """A session of its own for each request."""
    with Session(engine) as session:
        yield session


@app.post("/predict_api")
def predict_api(patient: Patient, session: Annotated[Session, Depends(a_session)]) -> float:
    """Answer one row with the bare number, once it is kept."""
    answer = charges(patient)
    session.add(
        Prediction(
            id=str(uuid.uuid4()), at=time.time(), given=patient.model_dump(), prediction=answer
        )
    )
    session.commit()
    return answer


@app.get("/healthz")
async def healthz() -> str:
    """The process answers."""
    return "ok"
