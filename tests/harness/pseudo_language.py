"""A language that exists in tests alone: every sentence longer, in accented letters, from right to left.

Made of the message ids of the French catalogue, and written as a translation file like any other.
"""

from __future__ import annotations

import re
import shutil
from pathlib import Path

from babel.messages.catalog import Catalog
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po

CODE = "ar"
"""A real right-to-left language, for its calendar and its six plural forms; nobody translated to it yet."""
PLACEHOLDER = re.compile(r"(%\(\w+\)[sd]|%%)")
PLAIN = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
ACCENTED = "áƀçðéƒĝĥíĵķļɱñóþɋŕšţúṽŵẋýžÅßÇÐÉƑĜĤÎĴĶĻṀÑÓÞǪŔŠŢÛṼŴẊÝŽ"
VOWELS = set("aeiouAEIOU")
RIGHT_TO_LEFT, END = "\u202e", "\u202c"


def pseudo(text: str) -> str:
    """The sentence in that language; places for values stay as they are."""
    return "".join(part if PLACEHOLDER.fullmatch(part) else _words(part) for part in PLACEHOLDER.split(text))


def add_language(source: Path, folder: Path) -> Path:
    """A copy of the translations in which one more language is offered; its folder."""
    translations = folder / "translations"
    shutil.copytree(source, translations)
    with (source / "fr" / "LC_MESSAGES" / "messages.po").open("rb") as file:
        known = read_po(file, locale="fr")
    target = translations / CODE / "LC_MESSAGES"
    target.mkdir(parents=True)
    with (target / "messages.mo").open("wb") as file:
        write_mo(file, _translate(known))
    return translations


def _translate(known: Catalog) -> Catalog:
    made = Catalog(locale=CODE)
    for message in known:
        if isinstance(message.id, tuple):
            one, many = (pseudo(text) for text in message.id)
            forms = tuple(one if place == 1 else many for place in range(made.num_plurals))
            made.add(message.id, forms, context=message.context)
        elif message.id:
            made.add(message.id, pseudo(message.id), context=message.context)
    return made


def _words(text: str) -> str:
    return re.sub(r"[^\s]*[A-Za-z][^\s]*", lambda found: _longer(found.group()), text)


def _longer(word: str) -> str:
    """Half as long again: every vowel twice."""
    letters = "".join(letter * (2 if letter in VOWELS else 1) for letter in word)
    return RIGHT_TO_LEFT + letters.translate(str.maketrans(PLAIN, ACCENTED)) + END
