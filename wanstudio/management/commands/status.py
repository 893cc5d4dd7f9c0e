"""`manage.py status`: the studio at a glance, for a terminal or (`--json`) for a machine."""

import json
import sys
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from wanstudio.operations.studio_command import require_database
from wanstudio.operations.studio_status import Status, look

GIGA, MEGA = 1e9, 1e6


class Command(BaseCommand):
    help = "How the studio is. Exit code 0: all is well. 1: something needs attention, and what to do stands there."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--json", action="store_true", help="One object, for a machine.")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            require_database()
            status = look()
        except CommandError as why:
            status = Status({}, [str(why)])
        if options["json"]:
            healthy = not status.attention
            told = {"healthy": healthy, "attention": status.attention, **status.facts}
            self.stdout.write(json.dumps(told, indent=1))
        else:
            self._tell(status)
        if status.attention:
            self.stdout.flush()
            sys.exit(1)

    def _tell(self, status: Status) -> None:
        for title, line in _lines(status.facts):
            self.stdout.write(f"{title:<12} {line}")
        self.stdout.write("")
        if not status.attention:
            self.stdout.write("All is well.")
        for sentence in status.attention:
            self.stdout.write(f"! {sentence}")


def _lines(facts: dict[str, Any]) -> list[tuple[str, str]]:
    """Title and line of what there is to tell."""
    told: list[tuple[str, str]] = []
    if "address" in facts:
        told.append(("Address", facts["address"]))
        told.append(("Provider", facts["provider"]))
    if database := facts.get("database"):
        told.append(("Database", f"{database['kind']}, {database['size_bytes'] / MEGA:,.1f} MB"))
        disk = facts["disk"]
        told.append(
            ("Disk", f"{disk['free_bytes'] / GIGA:,.1f} GB free, {disk['keep_free_bytes'] / GIGA:,.1f} GB kept")
        )
    if "workers" in facts:
        seen = [f"{worker['name']} seen {worker['seen_s_ago']} s ago" for worker in facts["workers"]]
        told.append(("Workers", "; ".join(seen) or "none"))
        counts = [f"{count} {state}" for state, count in facts["jobs"].items() if count]
        told.append(("Jobs", ", ".join(counts) or "none yet"))
        if late := facts["oldest_due"]:
            told.append(("Oldest due", f"job {late['job']}, {late['due_s_ago']} s ago"))
        told += _money_lines(facts)
    if "last_backup" in facts:
        last = facts["last_backup"]
        told.append(
            ("Last backup", f"{last['age_s'] // 3600} h ago, {last['folder']}" if last else "never by “backup”")
        )
    return told


def _money_lines(facts: dict[str, Any]) -> list[tuple[str, str]]:
    key, money = facts["key"], facts["money"]
    balance = "not known" if key["balance"] is None else f"${key['balance']}, {key['balance_s_ago']} s ago"
    rests = f"; calls rest for {key['opens_in_s']} s" if key["opens_in_s"] else ""
    held = "; sending is stopped" if key["stopped"] else f"; paused: {key['pause']}" if key["pause"] else ""
    told = [("Balance", balance + held + rests)]
    told.append(("Money", ", ".join(f"${total} {kind}" for kind, total in money.items())))
    for job in facts["unconfirmed"]:
        told.append(("Unconfirmed", f"job {job['job']}, ${job['price']}, {job['title']}"))
    for job in facts["undecided"]:
        told.append(("Undecided", f"job {job['job']}, ${job['price']}"))
    for job in facts["unsaved"]:
        told.append(("Not saved", f"job {job['job']}, ${job['price']}, {job['hours_left']} h left"))
    return told
