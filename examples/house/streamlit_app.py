"""A Streamlit page for any deployment, made from its schema, which alone says what is valid."""

import streamlit as st

from tablecast import load
from tablecast.errors import InvalidInput
from tablecast.web.display.amounts import answer_in_words, wording_of_all
from tablecast.web.display.remarks import sentence_of

deployment = st.cache_resource(load)()  # the one that TABLECAST_DEPLOYMENT names
schema = deployment.schema


def control(field):
    """The control that suits a field; what it gives is a text, or None."""
    label = f"{field.label} ({field.unit})" if field.unit else field.label
    shown, about = field.show(field.default), {"help": field.hint or None, "key": field.name}
    labels = {choice.value: choice.label for choice in field.choices}
    if not labels:
        return st.text_input(label, shown, **about)
    about |= {"format_func": lambda value: labels.get(value, value), "placeholder": "Not known"}
    start = [*labels].index(shown) if shown in labels else None
    return st.selectbox(label, [*labels], start, accept_new_options=not field.closed, **about)


st.title(schema.title)
with st.form("fields"):
    given = {field.name: control(field) for field in schema.fields if not field.folded}
    with st.expander("More") if any(field.folded for field in schema.fields) else st.container():
        given |= {field.name: control(field) for field in schema.fields if field.folded}
    st.form_submit_button("Predict")
try:
    (answer,) = deployment.predictor.predict([schema.parse(given, text=True)])
    wording = wording_of_all(schema, [answer], deployment.background)
    st.metric(schema.target_label, answer_in_words(schema, answer.prediction, wording))
    st.caption(" to ".join(map(wording.of, answer.interval or ())))
    st.markdown("\n".join("- " + sentence_of(schema, one) for one in answer.warnings))
except InvalidInput as error:
    st.error("\n\n".join(sentence_of(schema, one) for one in error.errors))
