"""Notes from training, in the reader's language."""

from dataclasses import dataclass
from typing import Any

from tablecast.deployment.model_card import remark_of
from tablecast.errors import Remark
from tablecast.i18n.language import ENGLISH, current_language


@dataclass(frozen=True)
class Sentence:
    """A sentence for a page.

    Attributes:
        text: the sentence.
        lang: the language that it is in, where that is not the reader's; else "".
    """

    text: str
    lang: str = ""


def sentence_of(stored: Any) -> Sentence:
    """A remark, as a deployment keeps it, in the reader's language.

    A sentence that nobody has translated, such as an estimator's own failure or one of a deployment
    from before remarks were kept as data, stays English.
    """
    kept = remark_of(stored)
    remark = kept if isinstance(kept, Remark) else Remark(kept)
    return Sentence(remark.say(), "" if _is_known(remark) else ENGLISH.tag)


def _is_known(remark: Remark) -> bool:
    """Whether the reader's language has words for a remark."""
    language = current_language()
    if remark.many:
        return language.is_source or language.ngettext(remark.message, "", 1) != remark.message
    return language.is_source or language.gettext(remark.message) != remark.message
