"""The terms of texts in several scripts, and numbers in the ways people write them."""

import pytest

from ringlog.terms import ACCOUNT, MODULE_TYPE, asked, facet, terms

TERMS = {
    "Disconnecting call": "disconnecting call",
    "STRASSE straße": "strasse",
    "CALL_APP = Main-Menu": "call app main menu",
    "ﬁne ＡＢＣ①": "fine abc1",
    "Zoë Zoe\u0308": "zoë",
    "ΣΊΣΥΦΟΣ σίσυφος": "σίσυφοσ",
    "Привет, мир!": "привет мир",
    "नमस्ते दुनिया": "नमस्ते दुनिया",
    "مرحبا بالعالم": "مرحبا بالعالم",
    "שלום": "שלום",
    "東京都": "東 京 都 東京 京都",
    "ringlog日本v2": "ringlog 日 本 日本 v2",
    "カタカナ": "カ タ ナ カタ タカ カナ",
    "한국어": "한 국 어 한국 국어",
    "ภาษา": "ภ า ษ ภา าษ ษา",
    "ｶﾀ": "カ タ カタ",
    "👋 ok\x00\u2028next": "ok next",
    "": "",
}

NUMBERS = {
    "6175550000": "6175550000",
    "16175550000": "6175550000",
    "+1 (617) 555-0000": "1 617 555 0000 6175550000",
    "617.555.0000": "617 555 0000 6175550000",
    "call 1-617 5550000 now": "call now 1 617 5550000 6175550000",
    "+49 30 1234+49 30 5678": "49 30 1234 5678 49301234 49305678",
    "12 a 34": "12 a 34",
    "x12 34": "x12 34 1234",
    "555\n0000": "555 0000",
    "1 2 3 4 5 6 7 8 9 10 11 12 13 14": "1 2 3 4 5 6 7 8 9 10 11 12 13 14",
    "２２ ３３": "22 33 2233",
}


@pytest.mark.parametrize(("text", "expected"), [*TERMS.items(), *NUMBERS.items()])
def test_the_terms_of(text: str, expected: str) -> None:
    assert terms(text) == set(expected.split())


@pytest.mark.parametrize("asked", ["16175550000", "6175550000"])
@pytest.mark.parametrize("written", ["16175550000", "6175550000", "+1 (617) 555-0000", "617 555.0000"])
def test_a_number_is_found_with_and_without_its_leading_1(asked: str, written: str) -> None:
    assert terms(asked) <= terms(f"Dialling {written}, please wait")


ASKED = {
    "Hello hello": [["hello"]],
    "16175550000": [["6175550000"]],
    "+1 (617) 555-0000": [["6175550000", "0000 1 555 617"]],
    "12 25 x": [["x"], ["1225", "12 25"]],
    "ab12 25": [["ab12"], ["1225", "25"]],
    "12 25b": [["25b"], ["1225", "12"]],
    "a12 25b": [["25b"], ["a12"]],
    "a12 18005550199 7": [["a12"], ["12180055501997", "7 8005550199"]],
    "1 2 3 4 5 6 7 8 9 10 11 12 13 14": [["1 10 11 12 13 14 2 3 4 5 6 7 8 9"]],
    "２２ ３３": [["2233", "22 33"]],
    "東京": [["京"], ["東"], ["東京"]],
    "( ) -": [],
}


@pytest.mark.parametrize(("text", "expected"), ASKED.items())
def test_what_a_text_asks_for(text: str, expected: list[list[str]]) -> None:
    assert [[" ".join(sorted(way)) for way in ways] for ways in asked(text)] == expected


@pytest.mark.parametrize("text", [*TERMS, *NUMBERS, *ASKED])
def test_a_text_is_found_by_itself(text: str) -> None:
    assert all(any(way <= terms(text) for way in ways) for ways in asked(text))


def test_a_number_is_found_beside_others() -> None:
    """A line of several numbers is no single one; each keeps its own leading 1 out of the way."""
    line = terms("Bridged 12125551234 18009957586, 7 times")
    for number in ("2125551234", "12125551234", "800-995-7586", "1 800 995 7586"):
        assert all(any(way <= line for way in ways) for ways in asked(number)), number


def test_a_part_of_a_text_has_its_terms() -> None:
    assert terms("京都") <= terms("東京都庁")
    assert terms("都") <= terms("東京都庁")
    assert terms("мир") <= terms("Привет, мир!")


def test_a_long_word_is_cut_alike() -> None:
    assert terms("x" * 1000) == terms("x" * 100) == {"x" * 64}


def test_a_facet_is_no_word() -> None:
    assert facet(ACCOUNT, "12") == "a:12"
    assert facet(MODULE_TYPE, "Send Mail/é") == "m:send_mail_é"
    assert facet(MODULE_TYPE, "") == "m:"
    assert not terms("a:12 m:send") & {"a:12", "m:send"}
