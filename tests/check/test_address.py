"""Addresses: what is understood, and that no secret is ever shown."""

from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st
from psycopg.conninfo import make_conninfo

from earwitness.check import kinds
from earwitness.check.postgresql_address import parse
from earwitness.check.redaction import REDACTED, Secrets
from earwitness.check.target import NotATarget

# Marked at both ends, so that finding it in a text means that it leaked.
secrets = st.text(st.characters(blacklist_categories=("Cs", "Cc")), min_size=0, max_size=20).map(
    lambda text: f"\N{LEFT-POINTING DOUBLE ANGLE QUOTATION MARK}{text}K7q"
)
names = st.text(st.characters(whitelist_categories=("L", "N")), min_size=1, max_size=12)


def leaks(secret: str, text: str) -> bool:
    return any(form in text for form in (secret, quote(secret, safe=""), quote(secret)))


@given(secret=secrets, user=names, host=names, dbname=names)
def test_a_url_is_shown_without_its_password(
    secret: str, user: str, host: str, dbname: str
) -> None:
    login = f"{quote(user, safe='')}:{quote(secret, safe='')}"
    target = parse(f"postgresql://{login}@{quote(host)}:5433/{quote(dbname)}?sslpassword=geheim9")
    assert target is not None
    assert target.parameters["password"] == secret
    for text in (target.shown, repr(target)):
        assert not leaks(secret, text)
        assert "geheim9" not in text
    shown = parse(target.shown)
    assert shown is not None
    expected = {"user": user, "host": host, "port": "5433", "dbname": dbname}
    assert shown.parameters == expected


@given(secret=secrets, host=names)
def test_a_connection_string_is_shown_without_its_password(secret: str, host: str) -> None:
    target = parse(make_conninfo(host=host, password=secret, dbname="shop"))
    assert target is not None
    assert target.parameters["password"] == secret
    assert not leaks(secret, target.shown + repr(target))


@given(before=names, after=names, mark=st.sampled_from("@/?#%:[ \t\"'&="))
def test_a_password_that_was_not_encoded_is_not_shown(before: str, after: str, mark: str) -> None:
    """Whatever libpq takes its parts for, none of them is repeated unless it is taken for it."""
    address = f"postgresql://me:Zq1{before}{mark}Zq2{after}@db.example/shop"
    try:
        target = parse(address)
    except NotATarget as problem:
        assert "Zq" not in str(problem)
    else:
        assert target is not None
        assert "Zq" not in target.shown


@given(address=st.text(max_size=60))
def test_what_is_no_address_is_refused_without_being_quoted(address: str) -> None:
    marked = f"Xk9{address}"
    try:
        kinds.recognise(marked)
    except NotATarget as problem:
        assert "Xk9" not in str(problem)


@pytest.mark.parametrize(
    ("address", "shown"),
    [
        ("postgresql:///", "postgresql:///"),
        ("postgres://db/shop", "postgresql://db/shop"),
        ("service=prod", "postgresql:///?service=prod"),
        ("postgresql:///?service=prod", "postgresql:///?service=prod"),
        ("postgresql://a,b:5433/shop", "postgresql://a,b:5433/shop"),
        ("postgresql://[::1]:5432/shop", "postgresql://[::1]:5432/shop"),
        ("postgresql://me@%2Frun%2Fpg/shop", "postgresql://me@/shop?host=/run/pg"),
        ("host=/run/pg port=5433", "postgresql:///?host=/run/pg&port=5433"),
        ("postgresql://db/shop?user=me@tenant", "postgresql://me%40tenant@db/shop"),
        ("postgresql://me:a%40b@db/shop?options=-c%20x", "postgresql://me@db/shop"),
    ],
)
def test_addresses_are_understood(address: str, shown: str) -> None:
    kind, target = kinds.recognise(address)
    assert kind.name == target.kind == "postgresql"
    assert target.shown == shown


@pytest.mark.parametrize(
    ("address", "why"),
    [
        ("mysql://db/shop", "no address of a kind"),
        ("var/lib/postgresql", "no address of a kind"),
        ("postgresql://me:p@ss@db/shop", "%40"),
        ("postgresql://me:p/ss@db/shop", "%2F"),
        ("postgresql://me:pass/shop", "port is not a number"),
        ("postgresql://me:p%ss@db/shop", "%25"),
        ("postgresql://db/shop?nonsense=1", "an option that libpq does not have"),
        ("host=db nonsense", "a word without ="),
        ("host='db", "a quote that does not end"),
        ("postgresql:///postgresql%3A%2F%2Fme:pw@db", "%40"),
        ("dbname=postgresql://me:pw@db/x", "an address itself"),
    ],
)
def test_addresses_that_are_wrong_say_what_to_do(address: str, why: str) -> None:
    with pytest.raises(NotATarget, match=why):
        kinds.recognise(address)


# Redaction.


@given(secret=secrets, around=st.text(max_size=20))
def test_a_secret_is_taken_out_in_every_form(secret: str, around: str) -> None:
    text = f"{around}{secret}{around} {quote(secret, safe='')} {secret!r}"
    redacted = Secrets().with_values([secret]).redact(text)
    assert not leaks(secret, redacted)
    assert REDACTED in redacted


def test_nothing_and_the_empty_text_are_no_secrets() -> None:
    assert Secrets().with_values([None, ""]).redact("as it is") == "as it is"


def test_secrets_do_not_show_themselves() -> None:
    assert "geheim" not in repr(Secrets().with_values(["geheim"]))


def test_lines_are_joined() -> None:
    assert Secrets().one_line("failed:\n\tFATAL:  no\n") == "failed: FATAL: no"
