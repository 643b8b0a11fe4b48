"""The part of the fake Moodle that tells what changed, who was graded, and what was written in forums."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any


@dataclass
class Post:
    """Somebody wrote in a discussion of a forum."""

    author: int
    moment: int
    deleted: bool = False
    private: bool = False


@dataclass
class FakeChanges:
    """State that the answers below are made from; the rest of it is FakeMoodle's."""

    modules: list[Any] = field(default_factory=list)
    submissions: dict[tuple[int, int], tuple[str, int]] = field(default_factory=dict)
    attempts: dict[tuple[int, int], tuple[str, int]] = field(default_factory=dict)
    grades: dict[tuple[int, int], tuple[float, int]] = field(default_factory=dict)
    discussions: dict[tuple[int, int], list[Post]] = field(default_factory=dict)
    """By (instance of the forum, discussion)."""

    def _core_course_get_updates_since(self, params: dict[str, Any]) -> Any:
        since = int(params["since"])
        rows = [
            {"contextlevel": "module", "id": m.cmid, "updates": self._updates(m, since)} for m in self.modules
        ]
        return {"instances": [row for row in rows if row["updates"]], "warnings": []}

    def _updates(self, module: Any, since: int) -> list[dict[str, Any]]:
        handed_in = self.submissions if module.modname == "assign" else self.attempts
        name = "usersubmissions" if module.modname == "assign" else "userattempts"
        newer = [
            user
            for (user, of), (_state, moment) in handed_in.items()
            if of == module.instance and moment > since
        ]
        graded = [
            user
            for (user, cmid), (_raw, moment) in self.grades.items()
            if cmid == module.cmid and moment > since
        ]
        talks = [
            number
            for (forum, number), posts in self.discussions.items()
            if module.modname == "forum" and forum == module.instance and _changed(posts) > since
        ]
        lists = {
            name if module.modname in ("assign", "quiz") else "": newer,
            "usergrades": graded,
            "discussions": talks,
        }
        return [{"name": key, "itemids": rows} for key, rows in lists.items() if key and rows]

    def _mod_assign_get_grades(self, params: dict[str, Any]) -> Any:
        assignments = []
        for module in self.modules:
            rows = [
                {
                    "userid": user,
                    "attemptnumber": 0,
                    "grader": 144,
                    "grade": f"{raw:.5f}",
                    "timemodified": moment,
                }
                for (user, cmid), (raw, moment) in self.grades.items()
                if cmid == module.cmid and moment >= int(params["since"])
            ]
            if rows and module.modname == "assign" and module.instance in map(int, params["assignmentids"]):
                assignments.append({"assignmentid": module.instance, "grades": rows})
        return {"assignments": assignments, "warnings": []}

    def _mod_forum_get_forum_discussions(self, params: dict[str, Any]) -> Any:
        rows = [
            {
                "id": 1000 + number,
                "discussion": number,
                "timemodified": _changed(posts),
                "numreplies": len(posts) - 1,
            }
            for (forum, number), posts in self.discussions.items()
            if forum == int(params["forumid"])
        ]
        return {"discussions": rows, "warnings": []}

    def _mod_forum_get_discussion_posts(self, params: dict[str, Any]) -> Any:
        (posts,) = [
            posts
            for (_forum, number), posts in self.discussions.items()
            if number == int(params["discussionid"])
        ]
        rows = [
            {
                "author": {"id": None if post.deleted else post.author},
                "timecreated": None if post.deleted else post.moment,
                "isdeleted": post.deleted,
                "isprivatereply": post.private,
            }
            for post in posts
        ]
        return {"posts": rows, "warnings": []}


def _changed(posts: list[Post]) -> int:
    return max((post.moment for post in posts if not post.deleted), default=0)
