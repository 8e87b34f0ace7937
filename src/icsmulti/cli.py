"""`icsmulti`: the command line. The same engine and the same bytes as the API.

Exit status: 0; 2 for wrong usage; 1 with one line per fault, on standard error, that says
what to do. Parts are imported when they are used: `generate` must not wait for a server.
"""

from __future__ import annotations

import asyncio
import io
import os
import secrets
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

import click

from icsmulti.cli_language import language, say, settings_lines, teach_click
from icsmulti.errors import IcsMultiError, SettingsError, StoreUnavailable
from icsmulti.locales import catalogue

if TYPE_CHECKING:
    from icsmulti.errors import Fault
    from icsmulti.spreadsheet import Order, Sheet

teach_click()


class Commands(click.Group):
    """The top of the command tree; `keys` is imported when it is asked for."""

    def main(self, *args: Any, **kwargs: Any) -> Any:
        # What the terminal cannot show is shown as `?`: never a traceback for an accent.
        for stream in (sys.stdout, sys.stderr):
            if isinstance(stream, io.TextIOWrapper):
                stream.reconfigure(errors="replace")
        return super().main(*args, **kwargs)

    def list_commands(self, ctx: click.Context) -> list[str]:
        return ["serve", "generate", "keys", "check"]

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name == "keys":
            from icsmulti.cli_keys import keys  # noqa: PLC0415 - a command loads what it uses

            return keys
        return super().get_command(ctx, cmd_name)


def _show_version(ctx: click.Context, _: click.Parameter, asked: bool) -> None:
    if asked:
        from icsmulti import TZDATA_VERSION, __version__  # noqa: PLC0415 - a command loads what it uses

        click.echo(f"icsmulti {__version__} (tzdata {TZDATA_VERSION})")
        ctx.exit()


@click.group(
    cls=Commands,
    help=say("cli.help"),
    no_args_is_help=True,
    subcommand_metavar=say("cli.subcommand"),
)
@click.option(
    "--version",
    is_flag=True,
    is_eager=True,
    expose_value=False,
    callback=_show_version,
    help=say("cli.version"),
)
def main() -> None:
    """See `cli.help` in the catalogues."""


class Serve(click.Command):
    """`serve`, whose help lists every setting: where it runs there may be no other manual."""

    def format_epilog(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        from icsmulti.settings import PREFIX, TABLE  # noqa: PLC0415 - a command loads what it uses

        with formatter.section(say("cli.serve.settings")):
            formatter.write_dl(
                [
                    (
                        PREFIX + row.name,
                        say(f"settings.help.{row.name}")
                        + (
                            f" {say('cli.serve.default', value=row.default)}" if row.default else ""
                        ),
                    )
                    for row in TABLE
                ]
            )


@main.command(cls=Serve, help=say("cli.serve.help"), short_help=say("cli.serve.short"))
def serve() -> None:
    """Serve until told to stop."""
    if sys.platform == "win32":  # no fork, no signals between processes
        _fail(say("cli.serve.windows"))
    from icsmulti.server import serve as run  # noqa: PLC0415 - a command loads what it uses
    from icsmulti.settings import read  # noqa: PLC0415 - a command loads what it uses

    try:
        status = run(read(os.environ), catalogue(language()))
    except SettingsError as error:
        _fail(*settings_lines(error))
    sys.exit(status)


@main.command(help=say("cli.check.help"), short_help=say("cli.check.short"))
def check() -> None:
    """Look at settings, store, port and tzdata before a deployment."""
    from icsmulti.check import check as look  # noqa: PLC0415 - a command loads what it uses
    from icsmulti.settings import read  # noqa: PLC0415 - a command loads what it uses

    try:
        findings = look(read(os.environ))
    except SettingsError as error:
        _fail(*settings_lines(error))
    for finding in findings:
        click.echo(finding.line(catalogue(language())), err=not finding.ok)
    sys.exit(0 if all(finding.ok for finding in findings) else 1)


@main.command(help=say("cli.generate.help"), short_help=say("cli.generate.short"))
@click.argument("file", metavar=say("cli.generate.file"), type=click.Path(path_type=Path))
@click.option(
    "-o", "--output", metavar="OUT.ics", type=click.Path(path_type=Path, dir_okay=False),
    help=say("cli.generate.output"),
)  # fmt: skip
@click.option("--account", metavar="ID", help=say("cli.generate.account"))
@click.option("--now", "instant", metavar="INSTANT", help=say("cli.generate.now"))
@click.option("--fuseau", "zone", metavar="ZONE", help=say("cli.generate.zone"))
@click.option("--order", type=click.Choice(["dmy", "mdy"]), help=say("cli.generate.order"))
@click.option("--warnings", is_flag=True, help=say("cli.generate.warnings"))
def generate(
    file: Path,
    output: Path | None,
    account: str | None,
    instant: str | None,
    zone: str | None,
    order: Order | None,
    warnings: bool,
) -> None:
    """Turn a list into a calendar, without key or server."""
    from icsmulti.engine.generate import generate as make  # noqa: PLC0415 - a command loads what it uses
    from icsmulti.engine.request import Bounds  # noqa: PLC0415 - a command loads what it uses
    from icsmulti.locales.sentences import describe_message  # noqa: PLC0415 - a command loads what it uses

    both = (output, file) if output is not None else ()
    if both and all(map(os.path.exists, both)) and os.path.samefile(*both):
        raise click.UsageError(say("cli.generate.same-file"))
    body, sheet = _request_of(file, zone, order or "")
    now = _instant(instant)
    secret = _account_secret(account) if account else _local_identity()
    try:
        calendar = make(
            body,
            uid_secret=secret,
            now=now,
            bounds=Bounds(listed_faults=sys.maxsize),
            warn=warnings,
            say=lambda warning: describe_message(warning, catalogue(language())),
        )
    except IcsMultiError as error:
        _fail(*_sentences(error, sheet))
    for warning in calendar.warnings if warnings else ():
        click.echo(_line(warning, sheet), err=True)
    if output is None or str(output) == "-":
        sys.stdout.buffer.write(calendar.data)
        sys.stdout.buffer.flush()
        return
    try:
        _replace(output, calendar.data)
    except OSError as error:
        _fail(say("cli.generate.not-written", file=output, reason=_cause(error)))


def _request_of(file: Path, zone: str | None, order: Order) -> tuple[bytes, Sheet | None]:
    """The file's bytes as a request: JSON as it is, a list (CSV) read as the form reads it.

    With the list, in whose rows the engine's faults have their place.
    """
    try:
        data = sys.stdin.buffer.read() if str(file) == "-" else file.read_bytes()
    except OSError as error:
        _fail(say("cli.generate.not-read", file=file, reason=_cause(error)))
    # The extension tells; without one, JSON is what begins as an object or an array does.
    is_list = file.suffix.lower() in (".csv", ".tsv", ".txt")
    if not is_list and (
        file.suffix.lower() == ".json" or not data.strip() or b"{[".find(_first_octet(data)) >= 0
    ):
        if zone is not None or order:
            raise click.UsageError(say("cli.generate.table-only"))
        return data, None
    import json  # noqa: PLC0415 - a command loads what it uses

    from icsmulti.engine.request import DEFAULT_ZONE  # noqa: PLC0415 - a command loads what it uses
    from icsmulti.spreadsheet import read  # noqa: PLC0415 - a command loads what it uses

    words = catalogue(language())
    sheet = read(data, order=order)
    if sheet.order_reason == "asked":
        _fail(say("cli.generate.which-order"))
    if complaints := sheet.complaints(words):
        _fail(*complaints)
    remarks = sheet.remarks(words)
    if unread := [column.name for column in sheet.columns if column.name and not column.role]:
        names = ", ".join(unread)
        remarks.append(say("cli.generate.unread", n=len(unread), columns=names))
    for remark in remarks:
        click.echo(remark, err=True)
    return json.dumps(sheet.request(zone or DEFAULT_ZONE)).encode(), sheet


def _first_octet(data: bytes) -> bytes:
    return data.removeprefix(b"\xef\xbb\xbf").lstrip()[:1] or b"{"


def _instant(text: str | None) -> datetime:
    """`--now`, else SOURCE_DATE_EPOCH (reproducible builds), else the clock."""
    epoch = os.environ.get("SOURCE_DATE_EPOCH")
    wrong = "bad-instant" if text is not None else "bad-epoch"
    try:
        if text is not None:
            moment = datetime.fromisoformat(text)
            return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
        if epoch:
            return datetime.fromtimestamp(int(epoch), UTC)
    except (ValueError, OverflowError, OSError):
        raise click.UsageError(say(f"cli.generate.{wrong}")) from None
    return datetime.now(UTC)


def _account_secret(account_id: str) -> bytes:
    from icsmulti.address import without_password  # noqa: PLC0415 - a command loads what it uses
    from icsmulti.keys import PATIENT, Account, Limits, open_store  # noqa: PLC0415 - a command loads what it uses
    from icsmulti.locales.sentences import describe_store  # noqa: PLC0415 - a command loads what it uses
    from icsmulti.settings import read  # noqa: PLC0415 - a command loads what it uses

    async def find(address: str) -> Account | None:
        store = open_store(address, Limits(), patience=PATIENT, may_create=False)
        await store.open()
        try:
            return await store.account(account_id)
        finally:
            await store.close()

    try:
        address = read(os.environ).store
        account = asyncio.run(find(address))
    except SettingsError as error:
        _fail(*settings_lines(error))
    except StoreUnavailable as error:
        _fail(describe_store(error, without_password(address), catalogue(language())))
    if account is None:
        _fail(say("cli.generate.unknown-account", account=account_id))
    return account.uid_secret


def _local_identity() -> bytes:
    """The 32 bytes behind the UIDs of this user's files: made once, readable by nobody else."""
    import secrets  # noqa: PLC0415 - a command loads what it uses

    from icsmulti.settings import data_folder  # noqa: PLC0415 - a command loads what it uses

    file = data_folder() / "identity"
    try:
        file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        try:
            # Written whole under another name, then linked: two first runs cannot make two.
            draft = file.with_name(f"identity.{secrets.token_hex(8)}")
            descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
            with os.fdopen(descriptor, "w") as opened:
                opened.write(secrets.token_hex(32) + "\n")
            if not file.exists():
                os.link(draft, file)
        except FileExistsError:
            pass
        finally:
            draft.unlink(missing_ok=True)
        return bytes.fromhex(file.read_text("ascii"))
    except OSError as error:
        _fail(say("cli.generate.identity", file=file, reason=_cause(error)))
    except ValueError:
        _fail(say("cli.generate.identity", file=file, reason=say("trouble.cause.contents")))


def _replace(file: Path, data: bytes) -> None:
    """Write a file whole or not at all: a calendar program may be watching it.

    A device or a pipe (`/dev/stdout`) is written to, and of a link what it leads to is replaced.
    """
    if file.exists() and not file.is_file():
        file.write_bytes(data)
        return
    file = Path(os.path.realpath(file))
    draft = file.with_name(f"{file.name}.{secrets.token_hex(4)}.tmp")
    try:
        draft.write_bytes(data)
        draft.replace(file)
    finally:
        draft.unlink(missing_ok=True)


def _sentences(error: IcsMultiError, sheet: Sheet | None) -> list[str]:
    """One line per fault."""
    from icsmulti.errors import InvalidRequest  # noqa: PLC0415 - a command loads what it uses
    from icsmulti.locales.sentences import describe  # noqa: PLC0415 - a command loads what it uses

    if not isinstance(error, InvalidRequest):
        return [describe(error, catalogue(language()))]
    return [_line(fault, sheet) for fault in error.faults]


def _cause(error: OSError) -> str:
    from icsmulti.locales.sentences import describe_cause  # noqa: PLC0415 - a command loads what it uses

    return describe_cause(error, catalogue(language()))


def _line(fault: Fault, sheet: Sheet | None) -> str:
    from icsmulti.locales.sentences import describe_message  # noqa: PLC0415 - a command loads what it uses

    message = describe_message(fault, catalogue(language()))
    if sheet is None:
        return say("cli.generate.fault", path=fault.dotted or "JSON", message=message)
    if fault.dotted == "options.fuseau":
        return say("cli.generate.fault", path="--fuseau", message=message)
    return sheet.place(fault.path, message, catalogue(language()))


def _fail(*lines: str) -> NoReturn:
    for line in lines:
        click.echo(line, err=True)
    sys.exit(1)
