"""Versions of a database by its migrations: whether it is newer than this code, and its way back to an older one."""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager

from django.db import connection
from django.db.migrations.executor import MigrationExecutor
from django.db.migrations.loader import MigrationLoader
from django.db.migrations.recorder import MigrationRecorder

from wanstudio.money import kept_sums
from wanstudio.operations.backups.snapshot import Manifest
from wanstudio.videos import search_index

# As the graph names it: an app, and a migration of it or (None) the time before the first.
Node = tuple[str, str | None]
# Apps of the first versions, which no later one has: their tables stay where they are.
UNINSTALLED = {"admin"}


def unknown(applied: Iterable[Iterable[str]]) -> list[str]:
    """Those that this code does not have, as `wanstudio.0099_later`: a newer version has made them."""
    known = MigrationLoader(None, ignore_no_migrations=True).graph.nodes
    return [f"{app}.{name}" for app, name in applied if (app, name) not in known and app not in UNINSTALLED]


def newer() -> list[str]:
    """The same of the present database. Migrations of an app that is no longer installed are ignored."""
    applied = MigrationRecorder(connection).applied_migrations()
    ours = MigrationLoader(None, ignore_no_migrations=True).migrated_apps
    return unknown(sorted(node for node in applied if node[0] in ours))


def is_behind() -> bool:
    executor = MigrationExecutor(connection)
    return bool(executor.migration_plan(executor.loader.graph.leaf_nodes()))


def latest(applied: Iterable[Iterable[str]]) -> list[Node]:
    """The last migration of each app: naming an earlier one as well would reverse the later one."""
    done = {(app, name) for app, name in applied if app not in UNINSTALLED}
    nodes = MigrationLoader(None, ignore_no_migrations=True).graph.node_map
    return [
        node
        for node in sorted(done)
        if not any(child.key in done and child.key[0] == node[0] for child in nodes[node].children)
    ]


def pending() -> list[str]:
    """Migrations of this code that the database does not have yet."""
    executor = MigrationExecutor(connection)
    plan = executor.migration_plan(executor.loader.graph.leaf_nodes())
    return [f"{migration.app_label}.{migration.name}" for migration, _ in plan]


def migrate_forward() -> None:
    executor = MigrationExecutor(connection)
    targets = executor.loader.graph.leaf_nodes()
    plan = executor.migration_plan(targets)
    kept_sums.lift_before(plan)
    search_index.lift(plan=plan)
    with _checked_at_once():
        executor.migrate(targets, plan)


@contextmanager
def _checked_at_once() -> Iterator[None]:
    """In one transaction with the rows: PostgreSQL alters no table on whose rows a deferred check is pending."""
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        yield
        if connection.vendor == "postgresql":
            cursor.execute("SET CONSTRAINTS ALL DEFERRED")


def migrate_back(manifest: Manifest) -> bool:
    """Migrates back to the version that made the backup. False: it is this code's own, or not all can be reversed."""
    executor = MigrationExecutor(connection)
    then = {app for app, _ in manifest.migrations}
    targets = latest(manifest.migrations) + [(app, None) for app in executor.loader.migrated_apps - then]
    plan = executor.migration_plan(targets)
    if not plan or not all(operation.reversible for migration, _ in plan for operation in migration.operations):
        return False
    kept_sums.lift()
    search_index.lift()
    with _checked_at_once():
        executor.migrate(targets, plan)
    return True
