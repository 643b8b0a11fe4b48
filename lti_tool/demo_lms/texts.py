"""Every sentence of the demo site's own pages, in English and French. Data and names are not translated."""

from datetime import date

TEXTS: dict[str, dict[str, str]] = {
    "en": {
        "site": "Demo LMS",
        "tools_title": "External tools of the site",
        "tools_explained": "An admin of the site adds a tool by the registration link the tool gave out.",
        "tools_url": "Registration link",
        "tools_add_moodle": "Add it as Moodle does",
        "tools_add_canvas": "Add it as Canvas does",
        "tools_frame": "Registration of the tool",
        "tools_registered": "Registered here",
        "tools_activate": "Activate",
        "tools_active": "used by the course",
        "lead": "A stand-in for a Moodle site. Choose who to be, then open the E-mentor activity.",
        "who": "Who do you want to be?",
        "editingteacher": "Trainer (editing teacher)",
        "teacher": "E-mentor (non-editing teacher)",
        "student": "Learner",
        "admin": "Site administrator",
        "manager": "Manager, not enrolled",
        "nobody": "Nobody: logged in, not enrolled",
        "other_learner": "Another learner",
        "go": "Go",
        "calendar": "Calendar of the demo",
        "day_of": "Day {day} of {length}",
        "next_day": "Next day",
        "next_week": "Next week",
        "forwards": "Time only moves forwards. It stands still while the demo is not running.",
        "finished": "The course is over: this is the last day of the demo.",
        "language": "Language",
        "own_language": "each person’s own",
        "you_are": "You are {name}",
        "change": "be somebody else",
        "not_enrolled": "You are not enrolled in this course.",
        "open_tool": "Open the E-mentor activity",
        "new_window": "Open in a new window",
        "frame_title": "E-mentor",
        "back_to_course": "Back to the course",
        "add_activity": "Add an activity from the E-mentor tool",
        "add_frame": "What the tool offers",
        "added_links": "Added from the E-mentor tool",
        "was_added": "Added to the course",
        "may_not_add": "Only somebody who edits the course can add something to it.",
        "outline": "Outline",
        "general": "General",
        "week": "Week {number}",
        "due": "due {date}",
        "expected": "expected by {date}",
        "optional": "optional",
        "done": "done",
        "failed": "done, not passed",
        "continue": "Continue",
        "sending": "Opening the tool",
        "sending_hint": "If nothing happens, press Continue.",
        "error": "This cannot be done",
        "choose_first": "Choose first who to be.",
        "unknown_person": "There is no such person on this site.",
        "unknown_page": "There is no such page on this site.",
        "source": "Learning histories:",
        "names": "All names are invented.",
    },
    "fr": {
        "site": "LMS de démonstration",
        "tools_title": "Outils externes du site",
        "tools_explained": "L’administration du site ajoute un outil avec le lien fourni par celui-ci.",
        "tools_url": "Lien d’enregistrement",
        "tools_add_moodle": "Ajouter comme le fait Moodle",
        "tools_add_canvas": "Ajouter comme le fait Canvas",
        "tools_frame": "Enregistrement de l’outil",
        "tools_registered": "Enregistrés ici",
        "tools_activate": "Activer",
        "tools_active": "utilisé par le cours",
        "lead": "Tient lieu de site Moodle. Choisissez qui vous êtes, puis ouvrez l’activité E-mentor.",
        "who": "Qui voulez-vous être ?",
        "editingteacher": "Formation (rôle enseignant)",
        "teacher": "E-mentor (rôle enseignant non éditeur)",
        "student": "Apprenant",
        "admin": "Administration du site",
        "manager": "Gestion, sans inscription",
        "nobody": "Personne : connecté, sans inscription",
        "other_learner": "Un autre apprenant",
        "go": "Aller",
        "calendar": "Calendrier de la démonstration",
        "day_of": "Jour {day} sur {length}",
        "next_day": "Jour suivant",
        "next_week": "Semaine suivante",
        "forwards": "Le temps ne fait qu’avancer. Il s’arrête quand la démonstration ne tourne pas.",
        "finished": "Le cours est fini : c’est le dernier jour de la démonstration.",
        "language": "Langue",
        "own_language": "celle de chacun",
        "you_are": "Vous êtes {name}",
        "change": "être quelqu’un d’autre",
        "not_enrolled": "Vous n’êtes pas inscrit à ce cours.",
        "open_tool": "Ouvrir l’activité E-mentor",
        "new_window": "Ouvrir dans une nouvelle fenêtre",
        "frame_title": "E-mentor",
        "back_to_course": "Retour au cours",
        "add_activity": "Ajouter une activité de l’outil E-mentor",
        "add_frame": "Ce que propose l’outil",
        "added_links": "Ajouté depuis l’outil E-mentor",
        "was_added": "Ajouté au cours",
        "may_not_add": "Seule une personne qui modifie le cours peut y ajouter quelque chose.",
        "outline": "Plan du cours",
        "general": "Généralités",
        "week": "Semaine {number}",
        "due": "à rendre le {date}",
        "expected": "attendu pour le {date}",
        "optional": "facultatif",
        "done": "fait",
        "failed": "fait, non réussi",
        "continue": "Continuer",
        "sending": "Ouverture de l’outil",
        "sending_hint": "S’il ne se passe rien, appuyez sur Continuer.",
        "error": "Impossible",
        "choose_first": "Choisissez d’abord qui vous êtes.",
        "unknown_person": "Cette personne n’existe pas sur ce site.",
        "unknown_page": "Cette page n’existe pas sur ce site.",
        "source": "Parcours d’apprentissage :",
        "names": "Tous les noms sont inventés.",
    },
}

WEEKDAYS = {
    "en": "Monday Tuesday Wednesday Thursday Friday Saturday Sunday",
    "fr": "lundi mardi mercredi jeudi vendredi samedi dimanche",
}
MONTHS = {
    "en": "January February March April May June July August September October November December",
    "fr": "janvier février mars avril mai juin juillet août septembre octobre novembre décembre",
}


def find_text(language: str, key: str, **values: object) -> str:
    """Raises KeyError for a key that does not exist: a template with a slip must not pass its test."""
    return TEXTS[language][key].format(**values)


def long_date(when: date, language: str) -> str:
    """Saturday 21 November 2026"""
    weekday = WEEKDAYS[language].split()[when.weekday()]
    return f"{weekday} {short_date(when, language)} {when.year}"


def short_date(when: date, language: str) -> str:
    """21 November"""
    return f"{when.day} {MONTHS[language].split()[when.month - 1]}"
