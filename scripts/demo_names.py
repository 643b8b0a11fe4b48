"""Invented names for the demo's learners: names that are common where each language is spoken.

Nothing here comes from the open data set; a name is drawn at random and says nothing about its learner.
"""

import random
import re
import unicodedata

NAMES: dict[str, tuple[str, str]] = {
    "fr": (
        "Élodie Benoît Chloé Gaël Inès Jérôme Léa Mathéo Noémie Océane Rémi Théo Zoé Aurélie Cédric",
        "Lefèvre Garnier Chevalier Moulin Rousseau Perrin Gauthier Masson D’Almeida Fontaine Barbier Royer",
    ),
    "en": (
        "Alice Callum Daisy Ewan Fiona Gareth Hannah Isaac Keira Liam Megan Nathan Orla Poppy Rhys Siân",
        "Ashworth Bradley Carter Davies O’Connor Fletcher Grant Hughes McAllister O’Brien Pritchard Reid",
    ),
    "pl": (
        "Agnieszka Bartosz Dorota Ewa Grzegorz Jadwiga Krzysztof Łukasz Małgorzata Michał Paweł Zofia Żaneta",
        "Nowak Mazur Wójcik Woźniak Kowalczyk Zając Dudek Wróbel Król Kaczmarek Stępień Pawlak Gołąb",
    ),
    "ar": (
        "Amina Bilal Dounia Farid Hanane Ibrahim Jamila Karim Layla Mounir Nadia Omar Rania Samir Yasmine",
        "Haddad Benali Mansour El-Khoury Bouzid Al-Masri Saïdi Khalil Nasser Bennani Toumi Zerouali Cherif",
    ),
    "pt": (
        "Ana Bruno Catarina Diogo Fátima Gonçalo Inês João Luísa Márcia Nuno Patrícia Rui Sónia Tomás",
        "Almeida Carvalho Fonseca Gonçalves Magalhães Nogueira Pereira Ribeiro Simões Teixeira Vieira",
    ),
    "vi": (
        "An Bình Chi Dũng Giang Hà Hương Khánh Lan Linh Minh Ngọc Phúc Quân Thảo Trang Tuấn",
        "Nguyễn Trần Lê Phạm Hoàng Phan Vũ Đặng Bùi Đỗ Hồ Ngô",
    ),
    "tr": (
        "Ayşe Burak Cem Deniz Elif Emre Gülşen Hakan İpek Kerem Merve Onur Özge Selin Yiğit",
        "Aydın Çelik Demir Doğan Güneş Kılıç Öztürk Şahin Yıldırım Arslan Koç",
    ),
    "es": (
        "Alejandra Álvaro Begoña Carlos Elena Íñigo Jimena Lucía Marcos Nerea Óscar Pilar Raúl Sofía",
        "Castaño Domínguez Fernández Ibáñez Jiménez López Muñoz Núñez Ortega Peña Quintana Sáez",
    ),
    "de": (
        "Anke Björn Friederike Götz Heike Jürgen Katrin Lars Mareike Nils Silke Sönke Ute",
        "Bäcker Fischer Groß Hoffmann Jäger Köhler Krüger Müller Schäfer Schröder Weiß Zimmermann",
    ),
    "yo": (
        "Adébáyọ̀ Ayọ̀délé Bọ́lá Fọláṣadé Ìfẹ́olúwa Kẹ́hìndé Oluwaseun Táíwò Temitope Yétúndé",
        "Adéyẹmí Afọlábí Akíntọ́lá Balógun Ògúnlèyè Olátúnjí Ọlúwọlé Owólabí",
    ),
    "wo": (
        "Aminata Cheikh Coumba Fatou Ibrahima Khady Mamadou Moussa Ndeye Ousmane Penda Seydou",
        "Diallo Diop Faye Gueye Mbaye N’Diaye Ndour Sarr Sow Thiam",
    ),
    "uk": (
        "Bohdan Daryna Iryna Kateryna Lesia Mykhailo Oksana Oleh Roman Solomiia Taras Yuliia",
        "Bondarenko Hrytsenko Kovalenko Kravchuk Lysenko Melnyk Pavlenko Shevchenko Tkachenko Zinchenko",
    ),
    "hi": (
        "Aarav Ananya Devika Gaurav Ishaan Kavita Meera Nikhil Pooja Rohan Sanjana Vikram",
        "Agarwal Bhatt Chaudhary Desai Iyer Joshi Kulkarni Mehta Nair Patel Reddy Sharma",
    ),
}
"""Language code -> (first names, last names), each separated by spaces."""

SITE_LANGUAGE = {"wo": "fr", "yo": "en", "hi": "en"}
"""Where the language of the name is rarely the language somebody sets on a learning platform."""


def draw_people(count: int, rng: random.Random) -> list[tuple[str, str, str]]:
    """`count` different (first name, last name, language) triples; languages are drawn evenly."""
    languages = sorted(NAMES)
    people: list[tuple[str, str, str]] = []
    used: set[tuple[str, str]] = set()
    while len(people) < count:
        language = rng.choice(languages)
        first_names, last_names = NAMES[language]
        name = (rng.choice(first_names.split()), rng.choice(last_names.split()))
        if name not in used:
            used.add(name)
            people.append((*name, SITE_LANGUAGE.get(language, language)))
    return people


def ascii_slug(text: str) -> str:
    """Plain lower-case letters for an e-mail address or user name."""
    replaced = text.translate(str.maketrans({"ł": "l", "Ł": "L", "đ": "d", "Đ": "D", "ı": "i", "ß": "ss"}))
    plain = unicodedata.normalize("NFKD", replaced).encode("ascii", "ignore").decode()
    return re.sub(r"[^a-z]", "", plain.lower())
