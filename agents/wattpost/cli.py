"""The `wattpost` command. Everything heavy is imported by the command that needs it."""

from __future__ import annotations

import json
import os
import shlex
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, NoReturn

import typer
from typer.core import TyperGroup

from wattpost.study.commands import new_folder, studies, write

if TYPE_CHECKING:
    from wattpost.study.job import Progress


class Commands(TyperGroup):
    """What users can mend is one sentence on standard error and exit code 2."""

    def invoke(self, ctx: Any) -> Any:
        try:
            return super().invoke(ctx)
        except KeyboardInterrupt:
            _leave("Interrupted: all processes are ended and nothing half-written is left.", 130)
        except BrokenPipeError:
            sys.stderr.close()
            os._exit(0)
        except Exception as error:
            if not _is_plain(error):
                raise
            _leave(str(error), 2)


app = typer.Typer(
    name="wattpost",
    cls=Commands,
    help="An electricity market game settled on a real EVM chain, where paying burns electricity.\n\n"
    "Start with: [bold]wattpost run tiny[/bold]",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode="rich",
)

benchmarks = typer.Typer(help="Measure how fast and how large: figures with the command that repeats them.")
app.add_typer(benchmarks, name="bench")
app.add_typer(studies, name="study")

# Work is shared out over agents and processes; threads of linear algebra beneath would only get in the way.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

ScenarioName = Annotated[
    str,
    typer.Argument(help="A built-in name (see `wattpost scenarios`) or the path of a TOML file.", metavar="SCENARIO"),
]
Url = Annotated[str | None, typer.Option("--rpc", help="Address of a node, for the engine rpc.", metavar="URL")]
Keys = Annotated[
    Path | None,
    typer.Option(help="Folder of encrypted key files, for the engine rpc; the password is in WATTPOST_PASSWORD."),
]
Submit = Annotated[
    str, typer.Option(help="direct, or relayed: agents sign, and a relayer brings their bids to the chain in batches.")
]
DeploymentFile = Annotated[
    Path, typer.Option("--deployment", help="The deployment.json of the market.", metavar="FILE")
]


@app.command()
def run(
    scenario: ScenarioName = "tiny",
    engine: Annotated[str, typer.Option(help="eth-tester (in process), anvil (a real node) or rpc.")] = "eth-tester",
    days: Annotated[int | None, typer.Option(help="Days to trade, in place of the scenario's.", min=1)] = None,
    seed: Annotated[
        int | None, typer.Option(help="Seed of keys and chance, in place of the scenario's.", min=0)
    ] = None,
    out: Annotated[Path | None, typer.Option(help="Run folder; by default a new one below runs/.")] = None,
    submit: Submit = "direct",
    processes: Annotated[
        int, typer.Option(help="Agent processes; 0: one for each of a few agents, one for each core for many.", min=0)
    ] = 0,
    agents_per_process: Annotated[int, typer.Option(help="Instead: agents that share a process.", min=0)] = 0,
    policy: Annotated[
        str, typer.Option(help="best-response, replay:DIR, or module:Class of your own.")
    ] = "best-response",
    layer: Annotated[
        str | None, typer.Option(help="Settlement layer, in place of the scenario's; see `wattpost layers`.")
    ] = None,
    rpc: Url = None,
    keys: Keys = None,
    port: Annotated[int, typer.Option(help="Port of the test engine; 0 takes any free one.", min=0, max=65535)] = 0,
    replace: Annotated[bool, typer.Option("--replace", help="Replace an earlier run in the same folder.")] = False,
) -> None:
    """Play a whole market: compile, deploy, start agent processes, trade, settle, meter, audit, report.

    SCENARIO may also be the folder of an earlier run, or its manifest.json: then that run is played again.
    """
    from wattpost.study import run as runs
    from wattpost.study.repeating import load_any

    if rpc and engine == "eth-tester":
        engine = "rpc"
    wanted = runs.with_changes(load_any(scenario), days=days, seed=seed, layer=layer)
    options = runs.Options(
        engine=engine,
        out=out or new_folder(wanted.name),
        processes=processes,
        agents_per_process=agents_per_process,
        submit=submit,
        policy=policy,
        url=rpc,
        keys=keys,
        password=_password() if keys else "",
        port=port,
        replace=replace,
        command=shlex.join(["wattpost", *sys.argv[1:]]),
    )
    with _progress() as progress:
        outcome = runs.run(wanted, options, progress)
    from wattpost.study.summary import show

    show(outcome)
    raise typer.Exit({"clean": 0, "violations": 1}.get(outcome.verdict, 2))


@app.command()
def keys(
    folder: Annotated[Path, typer.Argument(help="Where the encrypted key files go.")],
    scenario: ScenarioName = "tiny",
) -> None:
    """Make encrypted key files for a scenario's agents, its operator, its meter and a relayer.

    The password is taken from WATTPOST_PASSWORD. Give each address ether for its gas before you deploy.
    """
    from wattpost.fleet.keyring import make_files
    from wattpost.study.scenario import load

    names = [agent.name for agent in load(scenario).agents]
    for name, address in make_files(folder, names, _password()).items():
        typer.echo(f"{address}  {name}")


@app.command()
def deploy(
    scenario: ScenarioName,
    rpc: Annotated[str, typer.Option("--rpc", help="Address of a node.", metavar="URL")],
    keys: Annotated[Path, typer.Option(help="Folder of encrypted key files; see `wattpost keys`.")],
    out: Annotated[Path, typer.Option(help="The deployment file to write.")] = Path("deployment.json"),
) -> None:
    """Found a market on a chain that outlives this command: contracts, registered agents, their bytecoin."""
    from wattpost.study.remote import found
    from wattpost.study.scenario import load

    with _progress() as progress:
        deployment = found(load(scenario), rpc, keys, _password(), out, progress)
    typer.echo(f"The market is at {deployment.address('Market')}; its deployment is in {out}.")


@app.command()
def agent(
    scenario: ScenarioName,
    name: Annotated[str, typer.Argument(help="Which of the scenario's agents this is.")],
    rpc: Annotated[str, typer.Option("--rpc", help="Address of a node.", metavar="URL")],
    keys: Annotated[Path, typer.Option(help="Folder that holds this agent's encrypted key file.")],
    deployment: DeploymentFile = Path("deployment.json"),
    policy: Annotated[str, typer.Option(help="best-response, or module:Class of your own.")] = "best-response",
    relayer: Annotated[
        str | None, typer.Option(help="Address of a relayer's desk, to which signed bids go.", metavar="URL")
    ] = None,
) -> None:
    """Be one agent of a market that is already deployed, until Ctrl-C."""
    from wattpost.study.remote import be_agent
    from wattpost.study.scenario import load

    be_agent(load(scenario), name, rpc, keys, _password(), deployment, policy, typer.echo, relayer)


@app.command()
def operate(
    rpc: Annotated[str, typer.Option("--rpc", help="Address of a node.", metavar="URL")],
    keys: Annotated[Path, typer.Option(help="Folder with operator.json and, to meter too, meter.json.")],
    deployment: DeploymentFile = Path("deployment.json"),
    days: Annotated[int, typer.Option(help="Days to take on, then end.", min=1)] = 1,
    submit: Submit = "direct",
    port: Annotated[
        int, typer.Option(help="Loopback port where a relayer takes signed bids; 0 takes any.", min=0, max=65535)
    ] = 0,
) -> None:
    """Take the days of a deployed market on: open, close, produce, settle, meter; with --submit relayed also relay."""
    from wattpost.study.remote import operate as take_on

    with _progress() as progress:
        take_on(rpc, keys, _password(), deployment, days, progress, submit=submit, port=port, say=typer.echo)


@app.command()
def solve(
    scenario: ScenarioName,
    json_file: Annotated[Path | None, typer.Option("--json", help="Write everything here; - for the screen.")] = None,
    cartel: Annotated[
        str | None,
        typer.Option(help="Agents or groups that act as one, with commas between.", metavar="NAME[,NAME...]"),
    ] = None,
    sensitivity: Annotated[
        list[str] | None,
        typer.Option(
            help="A parameter to differentiate by, such as theta:solar-1; may be repeated.", metavar="KEY[:AGENT]"
        ),
    ] = None,
) -> None:
    """Find the Nash and the competitive equilibrium of a scenario, with certificates, without a chain.

    With --cartel also what those agents would do together, and what joining and leaving would bring each. --sensitivity
    takes theta, c, capacity, investment_cost, endowment, weight:AGENT:PERIOD (0 is the good), kappa and verification.

    Exit code 0: solved. 1: not solved; the status says what to do. 2: bad input.
    """
    from wattpost.study.repeating import load_any
    from wattpost.study.solving import solve as solution_of

    with _progress() as progress:
        progress.stage("solving")
        found = solution_of(load_any(scenario), cartel=cartel, sensitivity=sensitivity or ())
    _write_json(found, json_file)
    if not (json_file and str(json_file) == "-"):
        from wattpost.study.counterfactuals import show_cartel, show_sensitivities
        from wattpost.study.summary import show_solution

        show_solution(found)
        show_cartel(found)
        show_sensitivities(found)
    raise typer.Exit(0 if found["solved"] and found.get("cartel", found)["solved"] else 1)


@benchmarks.command("solve")
def bench_solve(
    json_file: Annotated[Path | None, typer.Option("--json", help="Write the rows here; - for the screen.")] = None,
    agents: Annotated[
        list[int] | None, typer.Option(help="Sizes to solve; by default a thousand to a million.")
    ] = None,
    slsqp: Annotated[bool, typer.Option(help="Also race scipy's SLSQP on twenty agents; takes minutes.")] = True,
) -> None:
    """Solve synthetic economies of 24 periods, and race best responses by SLSQP, what a user would write."""
    from wattpost.game.bench import SIZES
    from wattpost.game.bench import bench_solve as measure

    rows: list[dict[str, Any]] = []
    sizes = tuple(agents or SIZES)
    with _progress() as progress:
        progress.stage("solving", len(sizes))
        for count, size in enumerate(sizes, start=1):
            rows += measure((size,), side_by_side=False)
            progress.advance(count)
        if slsqp:
            progress.stage("racing SLSQP")
            rows += measure((), side_by_side=True)
    _write_json(rows, json_file)
    if not (json_file and str(json_file) == "-"):
        from wattpost.study.summary import show_rows

        show_rows(rows)


@benchmarks.command("gas")
def bench_gas(
    json_file: Annotated[Path | None, typer.Option("--json", help="Write the rows here; - for the screen.")] = None,
    periods: Annotated[list[int] | None, typer.Option(help="Periods a day; by default 1, 4, 24 and 48.")] = None,
    agents: Annotated[list[int] | None, typer.Option(help="Agents; by default 10, 100 and 1,000.")] = None,
    returns: Annotated[list[float] | None, typer.Option("--c", help="Returns to scale of the plants.")] = None,
    engine: Annotated[str, typer.Option(help="eth-tester or anvil: both charge the same gas.")] = "eth-tester",
) -> None:
    """What an agent-day costs in gas, by part, directly and relayed, beside what the EVM charges anyway."""
    from wattpost.bench.gas import AGENTS, PERIODS, measure_gas

    rows: list[dict[str, Any]] = []
    with _progress() as progress:
        for row in measure_gas(
            periods=tuple(periods or PERIODS),
            agents=tuple(agents or AGENTS),
            returns=tuple(returns or [0.5]),
            engine=engine,
            progress=progress.stage,
        ):
            rows.append(row)
    _write_json(rows, json_file)
    if not (json_file and str(json_file) == "-"):
        from wattpost.study.summary import show_rows

        show_rows(rows)


@benchmarks.command("fleet")
def bench_fleet(
    json_file: Annotated[Path | None, typer.Option("--json", help="Write the rows here; - for the screen.")] = None,
    engines: Annotated[list[str] | None, typer.Option("--engine", help="anvil, eth-tester or both.")] = None,
    agents: Annotated[list[int] | None, typer.Option(help="Agents; by default 10 to 10,000 on anvil.")] = None,
    periods: Annotated[list[int] | None, typer.Option(help="Periods a day; by default 1 and 24.")] = None,
) -> None:
    """How many signed bids a second a fleet settles, end to end, and where the time goes."""
    from wattpost.bench.fleet import PERIODS, measure_fleet

    with _progress() as progress:
        rows = list(
            measure_fleet(
                engines=tuple(engines or ("anvil", "eth-tester")),
                agents=tuple(agents) if agents else None,
                periods=tuple(periods or PERIODS),
                progress=progress.stage,
            )
        )
    _write_json(rows, json_file)
    if not (json_file and str(json_file) == "-"):
        from wattpost.study.summary import show_rows

        show_rows(rows)


@app.command()
def audit(
    folder: Annotated[Path | None, typer.Argument(help="A run folder.", metavar="DIR")] = None,
    rpc: Url = None,
    deployment: Annotated[Path | None, typer.Option(help="The deployment.json of the market.", metavar="FILE")] = None,
    json_file: Annotated[Path | None, typer.Option("--json", help="Write the verdict here; - for the screen.")] = None,
    sarif: Annotated[Path | None, typer.Option(help="Write it as SARIF 2.1.0, for code scanners; or -.")] = None,
    rule: Annotated[str | None, typer.Option("--explain", help="Say what a rule checks.", metavar="RULE")] = None,
) -> None:
    """Verify a run folder, or a market on a chain, from raw chain data alone.

    Exit code 0: clean. 1: violations found. 2: it could not be checked.
    """
    from wattpost import __version__
    from wattpost.audit import audit_folder, audit_rpc, explain, like, to_sarif
    from wattpost.study.summary import show_verdict

    if rule is not None:
        told = explain(rule)
        if told is None:
            near = f" Did you mean {' or '.join(like(rule))}?" if like(rule) else ""
            _fail(f"There is no rule {rule}.{near}")
        typer.echo(told)
        return
    with _progress() as progress:
        progress.stage("auditing blocks")
        if folder is not None and rpc is None:
            verdict = audit_folder(folder, progress.advance)
        elif folder is None and rpc is not None and deployment is not None:
            verdict = audit_rpc(rpc, deployment, progress.advance)
        else:
            _fail("Give a run folder, or --rpc URL with --deployment FILE.")
    _write_json(verdict.to_json(), json_file)
    _write_json(to_sarif(verdict, __version__), sarif)
    if "-" not in (str(json_file), str(sarif)):
        show_verdict(verdict.to_json())
    raise typer.Exit(verdict.exit_code)


@app.command()
def report(
    folders: Annotated[list[Path], typer.Argument(help="Run folders.", metavar="DIR...")],
    out: Annotated[
        Path | None, typer.Option(help="The page to write; for one run, report.html in its folder.", metavar="FILE")
    ] = None,
) -> None:
    """Report on a run, or on several side by side, as one HTML page that opens offline."""
    from wattpost.study.comparison import compare
    from wattpost.study.report import write_report

    if len(folders) == 1:
        typer.echo(f"Report: {write_report(folders[0], out)}")
        return
    page = compare(folders, out or Path("report.html"), shlex.join(["wattpost", *sys.argv[1:]]))
    typer.echo(f"Report: {page}")


@app.command()
def scenarios() -> None:
    """List the built-in scenarios."""
    from wattpost.study.scenario import names

    found = names()
    width = max(map(len, found))
    for name, about in found.items():
        typer.echo(f"{name:<{width}}  {about}")


@app.command()
def layers(
    measure: Annotated[bool, typer.Option("--measure", help="Also measure the node at hand.")] = False,
    engine: Annotated[str, typer.Option(help="Which node to measure: eth-tester or anvil.")] = "eth-tester",
    watts_per_core: Annotated[
        float | None, typer.Option(help="Watts that a busy core of this machine draws; by default an assumption.")
    ] = None,
    json_file: Annotated[Path | None, typer.Option("--json", help="Write everything here; - for the screen.")] = None,
) -> None:
    """List settlement layers: the electricity each burns per gas, and where the figure comes from."""
    from wattpost.energy import WATTS_PER_CORE, presets_to_json
    from wattpost.study.summary import show_layers, show_measurement

    found = None
    if measure:
        from wattpost.study.measuring import measure as measured_on

        with _progress() as progress:
            found = measured_on(engine, progress, WATTS_PER_CORE if watts_per_core is None else watts_per_core)
    elif watts_per_core is not None:
        _fail("--watts-per-core goes with --measure.")
    presets: dict[str, Any] = {"layers": presets_to_json()}
    if found:
        stated = {"joules_per_gas": found.joules_per_gas, "kappa": found.kappa, "how": found.how}
        presets["measured"] = found.to_json() | stated
    _write_json(presets, json_file)
    if not (json_file and str(json_file) == "-"):
        show_layers()
        if found:
            show_measurement(found)


def main() -> None:
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # a polite kill cleans up like Ctrl-C
    app()


def _is_plain(error: Exception) -> bool:
    """Errors whose message is one sentence to the user."""
    from wattpost.chain.compile import CompileError
    from wattpost.chain.deployment import DeploymentError
    from wattpost.chain.engine import EngineError
    from wattpost.chain.keys import KeyFileError
    from wattpost.chain.rpc import RpcError
    from wattpost.chain.units import AmountError
    from wattpost.energy import KappaError
    from wattpost.fleet.operator import OperatorError
    from wattpost.fleet.plants import PlantError
    from wattpost.fleet.policy import PolicyError
    from wattpost.study.job import RunError
    from wattpost.study.report import ReportError
    from wattpost.study.scenario import ScenarioError

    plain = (
        CompileError,
        DeploymentError,
        EngineError,
        KeyFileError,
        RpcError,
        KappaError,
        OperatorError,
        PlantError,
        PolicyError,
        ReportError,
        RunError,
        ScenarioError,
        AmountError,
        OSError,
    )
    return isinstance(error, plain)


def _leave(sentence: str, code: int) -> NoReturn:
    sys.stderr.write(f"wattpost: {sentence}\n")
    sys.stderr.flush()
    sys.exit(code)


def _fail(sentence: str) -> NoReturn:
    typer.echo(f"wattpost: {sentence}", err=True)
    raise typer.Exit(2)


def _password() -> str:
    password = os.environ.get("WATTPOST_PASSWORD", "")
    if not password:
        _fail("Set WATTPOST_PASSWORD to the password of the key files.")
    return password


def _write_json(value: object, target: Path | None) -> None:
    """To a file, whole or not at all; to the screen where the target is -; nowhere where there is none."""
    if target is not None:
        write(json.dumps(value, indent=2), target)


@contextmanager
def _progress() -> Iterator[Progress]:
    from wattpost.study.summary import Bars

    with Bars() as bars:
        yield bars
