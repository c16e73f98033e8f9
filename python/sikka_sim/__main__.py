"""The simulated world as a process: ``python -m sikka_sim --gateway URL --directory DIR``.

``python -m sikka_sim stream`` generates payments for training and judging fraud models instead.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import signal
import sys
from pathlib import Path

from sikka_sim.keys import KeyPair, new_key_pair
from sikka_sim.scripts import table
from sikka_sim.world import World, WorldConfig, WorldKeys

STREAM = "stream"


def _arguments() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m sikka_sim",
        description=__doc__,
        epilog=f"`python -m sikka_sim {STREAM} --help` tells of the command `{STREAM}`.",
    )
    parser.add_argument("--gateway", help="base URL of the gateway, for callbacks")
    parser.add_argument(
        "--directory", type=Path, help="where keys and world.json are written; keys there are kept"
    )
    parser.add_argument("--org-id", default="400011", help="the gateway's organisation id")
    parser.add_argument(
        "--gateway-certificate", type=Path, help="the gateway's certificate; made when absent"
    )
    parser.add_argument("--npci-port", type=int, default=0)
    parser.add_argument("--sponsor-port", type=int, default=0)
    parser.add_argument("--merchant-port", type=int, default=0)
    parser.add_argument("--time-scale", type=float, default=1.0, help="factor on every wait")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--instant", action="store_true", help="no waits, no messages kept")
    parser.add_argument("--no-verify", action="store_true", help="do not check signatures")
    parser.add_argument("--no-validate", action="store_true", help="do not check the codes")
    parser.add_argument("--no-callbacks", action="store_true", help="tell nobody anything")
    parser.add_argument("--scripts", action="store_true", help="print the scripts and end")
    return parser


def _say(line: str) -> None:
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


def key_pair_in(directory: Path, name: str, common_name: str) -> KeyPair:
    """The key pair of that name in a directory, made and written when it is not there.

    Args:
        directory: where it is, as ``<name>.key.pem`` and ``<name>.certificate.pem``.
        name: the files' name.
        common_name: the certificate's subject, for a new one.
    """
    private, certificate = directory / f"{name}.key.pem", directory / f"{name}.certificate.pem"
    if private.exists() and certificate.exists():
        return KeyPair(private.read_bytes(), certificate.read_bytes())
    pair = new_key_pair(common_name)
    private.touch(mode=0o600)
    private.write_bytes(pair.private_pem)
    certificate.write_bytes(pair.certificate_pem)
    return pair


def _config(options: argparse.Namespace) -> WorldConfig:
    directory: Path = options.directory
    keys = WorldKeys(
        key_pair_in(directory, "switch", "NPCI simulated switch"),
        key_pair_in(directory, "nobody", "nobody"),
    )
    return WorldConfig(
        seed=options.seed,
        time_scale=options.time_scale,
        gateway_url=options.gateway,
        npci_port=options.npci_port,
        sponsor_port=options.sponsor_port,
        merchant_port=options.merchant_port,
        verify=not options.no_verify,
        validate=not options.no_validate,
        callbacks=not options.no_callbacks,
        instant=options.instant,
        keys=keys,
    )


def _describe(world: World, options: argparse.Namespace) -> dict[str, object]:
    directory: Path = options.directory.resolve()
    gateway = options.gateway_certificate or directory / "gateway.certificate.pem"
    made = directory / "gateway.key.pem"
    return {
        "pid": os.getpid(),
        "npci_url": world.npci_url,
        "sponsor_url": world.sponsor_url,
        "merchant_url": world.merchant_url,
        "org_id": options.org_id,
        "switch_certificate": str(directory / "switch.certificate.pem"),
        "gateway_certificate": str(gateway),
        "gateway_key": None if options.gateway_certificate else str(made),
        "sponsor_bank": world.config.sponsor_bank,
        "sponsor_secrets": dict(world.config.sponsor_secrets),
        "seed": world.config.seed,
        "time_scale": world.config.time_scale,
    }


async def _run(options: argparse.Namespace) -> None:
    directory: Path = options.directory
    if options.gateway_certificate:
        certificate = options.gateway_certificate.read_bytes()
    else:
        certificate = key_pair_in(directory, "gateway", "gateway").certificate_pem
    stopping = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stopping.set)
    world = await World.start(_config(options))
    try:
        world.register_organisation(options.org_id, certificate)
        ready = directory / "world.json.new"
        ready.write_text(json.dumps(_describe(world, options), indent=2))
        ready.replace(directory / "world.json")
        _say(f"switch   {world.npci_url}")
        _say(f"sponsor  {world.sponsor_url}")
        _say(f"merchant {world.merchant_url}")
        _say("ready")
        await stopping.wait()
        _say(f"stopped  {json.dumps(world.npci.record.totals())}")
    finally:
        await world.stop()


def _stream(arguments: list[str]) -> int:
    # numpy and pyarrow, which only this command needs, take long to load or are not installed.
    try:
        from sikka_sim.stream import command  # noqa: PLC0415
    except ModuleNotFoundError as error:
        sys.stderr.write(f"stream needs the packages of the extra `training`: {error}\n")
        return 1
    return command.main(arguments)


def main() -> None:
    """Run until SIGINT or SIGTERM; or run the command that is named."""
    if sys.argv[1:2] == [STREAM]:
        sys.exit(_stream(sys.argv[2:]))
    parser = _arguments()
    options = parser.parse_args()
    if options.scripts:
        _say(table())
        return
    if options.directory is None:
        parser.error("--directory is required")
    options.directory.mkdir(parents=True, exist_ok=True)
    asyncio.run(_run(options))


if __name__ == "__main__":
    main()
