"""`limpet update`: a new agent for boards far away, built and signed."""

from pathlib import Path
from typing import Annotated

import typer

from host import rollout_cli

app = typer.Typer(help="A new agent for boards far away: built, signed.", no_args_is_help=True)
app.add_typer(rollout_cli.app, name="rollout")
_Folder = Annotated[Path, typer.Argument(help="The release.", metavar="FOLDER")]


@app.command()
def keygen(
    output: Annotated[Path, typer.Option("-o", help="Where the private key goes, PEM.")],
) -> None:
    """Make the key that signs updates; its public half goes into each board's settings.

    Examples:
      limpet update keygen -o update.pem
    """
    from host import rsa
    from host.errors import UserError
    from host.secret_file import write_secret

    if output.exists():
        raise UserError(f"{output} is there already", "a key is not replaced", "name another file")
    key = rsa.new_key()
    write_secret(output, rsa.to_pem(key).encode())
    print(key.public_hex)
    typer.echo("this is update_key in a board's settings; keep the file offline", err=True)


@app.command()
def build(
    folder: _Folder,
    fw: Annotated[str, typer.Option(help="What people call it.")],
    board: Annotated[list[str] | None, typer.Option(help="Only for these; default: all.")] = None,
) -> None:
    """Build this limpet's agent as a release.

    Examples:
      limpet update build release-0.2 --fw 0.2.0
    """
    from host import update

    release = update.build(fw, boards=board or ())
    update.write(release, folder)
    print(release.job["id"])
    size = sum(map(len, release.files.values()))
    typer.echo(f"{len(release.files)} files, {size} bytes in {folder}; now sign it", err=True)


@app.command()
def sign(
    folder: _Folder, key: Annotated[Path, typer.Option(help="The private key, PEM.")]
) -> None:
    """Sign a release; boards that have the key's public half take it.

    Examples:
      limpet update sign release-0.2 --key update.pem
    """
    from host import rsa, update

    print(update.sign(folder, rsa.load_key(key)))
