"""People's numbers and names, as they are stored to be compared and to be shown."""

from ringlog.model import number_key


def stored_number(text: str) -> tuple[int | str, str | None]:
    """A number's key, and its text where the key does not give it back."""
    key = number_key(text)
    return key, None if number_text(key, None) == text else text


def number_text(key: int | str | None, text: str | None) -> str:
    if text is not None:
        return text
    if key is None:
        return ""
    return str(key)[1:] if isinstance(key, int) else key
