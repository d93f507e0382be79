"""Where settings come from, what goes before what, and how every mistake in them is told."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from pipeline.core.errors import Code, Stop
from pipeline.core.reference import reference
from pipeline.core.schema import Loaded
from pipeline.core.settings import load, values_of

TOP = Path(__file__).resolve().parents[2]
ONE_MISTAKE: list[tuple[str, str, str, str]] = [
    ("typo", "site:\n  outptu: x", "invoke.yaml:2: site.outptu: unknown key", "did you mean site.output?"),
    (
        "key at the wrong level",
        "output: x",
        "invoke.yaml:1: output: unknown key",
        "did you mean site.output?",
    ),
    (
        "number in quotes",
        "serve:\n\n  port: '1'",
        "invoke.yaml:3: serve.port: expected a whole number",
        "'1'",
    ),
    (
        "boolean for a number",
        "serve: {port: yes}",
        "invoke.yaml:1: serve.port",
        "expected a whole number, not True",
    ),
    ("number for text", "site: {name: 12}", "invoke.yaml:1: site.name", "in quotes"),
    ("text for a section", "site: x", "invoke.yaml:1: site", "expected keys and values, not 'x'"),
    ("choice", "site: {framework: gatsbee}", "site.framework", "expected one of astro, vite, next"),
    ("too small", "timeouts: {build: 0}", "timeouts.build", "greater than 0"),
    ("shell", "site: {build: npm run a && b}", "site.build", "without a shell's"),
    ("base path", "site: {base: x}", "site.base", "starts with a slash"),
    ("environment name", "environments: {My-Env: {repository: o/r}}", "environments", "lower-case"),
    (
        "no repository",
        "environments:\n  prod:\n    url: https://x.org",
        "environments.prod.repository",
        "missing",
    ),
    (
        "policy typo",
        "environments: {local: {policy: {budgets: {page: {cs: 1}}}}}",
        "policy.budgets.page.cs",
        "css",
    ),
    ("url", "environments: {local: {url: ftp://x}}", "environments.local.url", "https://user.github.io"),
    (
        "duplicate key",
        "site:\n  output: a\n  output: b",
        "invoke.yaml:3: site.output",
        "given twice, first in line 2",
    ),
    ("tab", "site:\n\toutput: a", "invoke.yaml:2", "not YAML"),
    ("list", "- a", "invoke.yaml:1", "expected keys and values"),
    ("key that is no text", "site: {1: a}", "invoke.yaml:1: site", "must be text"),
    ("token", "site: {token: abc}", "invoke.yaml:1: site.token", "a secret must not stand in a file"),
    (
        "url with a password",
        "environments: {local: {repository: https://a:bcdefg@x.org}}",
        "repository",
        "a secret",
    ),
    ("a token by its shape", f"site: {{name: ghp_{'a' * 36}}}", "invoke.yaml:1: site.name", "a secret"),
]
ONE_POLICY_MISTAKE: list[tuple[str, str, str, str]] = [
    ("typo", "[budgets.page]\njavascipt = 1", "constitution.toml:2: budgets.page.javascipt", "javascript?"),
    (
        "unit",
        '[budgets.page]\n\ncss = "1 kg"',
        "constitution.toml:3: budgets.page.css",
        "expected a size in bytes",
    ),
    ("negative", "budgets.page.css = -1", "constitution.toml:1: budgets.page.css", "0 bytes or more"),
    ("two points", 'budgets.page.css = "1.2.3 KB"', "budgets.page.css", "expected a size in bytes"),
    (
        "lower score",
        "[thresholds]\nscore = 90",
        "constitution.toml:2: thresholds.score",
        "greater than or equal to 98",
    ),
    ("syntax", "[budgets\n", "constitution.toml:1", "not TOML"),
    ("duplicate", "[thresholds]\nscore = 98\nscore = 99", "constitution.toml:3", "not TOML"),
    (
        "reason",
        '[[waivers]]\ngate = "budgets"\nreason = " "\nuntil = 2030-01-01',
        "waivers[0].reason",
        "fits here",
    ),
    (
        "no end",
        '[[waivers]]\ngate = "budgets"\nreason = "x"',
        "constitution.toml:1: waivers[0].until",
        "missing",
    ),
    (
        "end in quotes",
        '[[waivers]]\ngate="a"\nreason="b"\nuntil="2030-01-01"',
        "constitution.toml:4",
        "without quotes",
    ),
    (
        "non-negotiable",
        '[[waivers]]\ngate="build"\nreason="b"\nuntil=2030-01-01',
        "constitution.toml:2",
        "not negotiable",
    ),
]


def site(
    folder: Path,
    yaml: str = "",
    toml: str = "",
    environ: Mapping[str, str] | None = None,
    **more: Any,  # noqa: ANN401 - handed on as it is
) -> Loaded:
    folder.mkdir(parents=True, exist_ok=True)
    if yaml:
        (folder / "invoke.yaml").write_text(yaml, encoding="utf-8")
    if toml:
        (folder / "constitution.toml").write_text(toml, encoding="utf-8")
    return load(folder, environ=environ or {}, **more)


def mistakes(
    folder: Path, yaml: str = "", toml: str = "", environ: Mapping[str, str] | None = None
) -> list[str]:
    with pytest.raises(Stop) as caught:
        site(folder, yaml, toml, environ)
    assert caught.value.code == Code.USAGE
    return list(caught.value.details)


def test_nothing_given_is_all_defaults(tmp_path: Path) -> None:
    loaded = site(tmp_path / "my-site")
    assert loaded.settings.site.name == "my-site"
    assert loaded.settings.environments["local"].repository is None
    assert loaded.policy.budgets.page.javascript == 100_000
    assert set(loaded.origins.values()) == {"default", "default: the folder's name"}


@pytest.mark.parametrize(
    ("yaml", "where", "told"), [case[1:] for case in ONE_MISTAKE], ids=[c[0] for c in ONE_MISTAKE]
)
def test_a_mistake_in_invoke_yaml(tmp_path: Path, yaml: str, where: str, told: str) -> None:
    [line] = mistakes(tmp_path, yaml)
    assert where in line
    assert told in line


@pytest.mark.parametrize(
    ("toml", "where", "told"),
    [case[1:] for case in ONE_POLICY_MISTAKE],
    ids=[c[0] for c in ONE_POLICY_MISTAKE],
)
def test_a_mistake_in_the_constitution(tmp_path: Path, toml: str, where: str, told: str) -> None:
    [line] = mistakes(tmp_path, toml=toml)
    assert where in line
    assert told in line


def test_all_mistakes_of_all_places_are_told_at_once(tmp_path: Path) -> None:
    yaml = "site: {outptu: x, base: y}\nenvironments: {prod: {policy: {budgets: {page: {totl: 1}}}}}"
    found = mistakes(tmp_path, yaml, '[budgets.page]\ncss = "x"', {"INVOKE_SERVE_PORT": "many"})
    text = "\n".join(found)
    keys = (
        "site.outptu",
        "site.base",
        "prod.repository",
        "policy.budgets.page.totl",
        "page.css",
        "serve.port",
    )
    assert [key for key in keys if key not in text] == []
    assert len(found) == len(keys)


def test_a_secret_is_not_repeated_in_its_mistake(tmp_path: Path) -> None:
    secret = "hunter2hunter2"
    text = "\n".join(mistakes(tmp_path, f"tools: {{password: {secret}}}"))
    assert secret not in text


def test_each_place_goes_before_the_one_before_it(tmp_path: Path) -> None:
    tool = tmp_path / "tool" / "invoke.yaml"
    tool.parent.mkdir()
    tool.write_text(
        "site: {path: ../s, output: tool, base: /tool/}\ntimeouts: {build: 1, check: 2}\nserve: {port: 1}"
    )
    loaded = site(
        tmp_path / "s",
        "site: {output: site}\ntimeouts: {build: 3}\nserve: {port: 2}",
        environ={"INVOKE_SERVE_PORT": "3", "INVOKE_SITE_OUTPUT": "variable"},
        tool_file=tool,
        flags={"serve.port": 4},
    )
    shown = {key: values_of(loaded, key)[key] for key in loaded.origins}
    assert shown["serve.port"] == (4, "flag serve.port")
    assert shown["site.output"] == ("variable", "environment INVOKE_SITE_OUTPUT")
    assert shown["timeouts.build"] == (3, "invoke.yaml:2")
    assert shown["timeouts.check"] == (2, "tool/invoke.yaml:2")
    assert shown["timeouts.install"] == (600, "default")


def test_the_tools_file_lends_another_site_no_name_and_no_environments(tmp_path: Path) -> None:
    tool = tmp_path / "tool" / "invoke.yaml"
    tool.parent.mkdir()
    tool.write_text("site: {name: theirs}\nenvironments: {prod: {repository: o/r}}\ntimeouts: {build: 1}")
    loaded = site(tmp_path / "s", tool_file=tool, foreign=True)
    assert (loaded.settings.site.name, list(loaded.settings.environments)) == ("s", ["local"])
    assert loaded.settings.timeouts.build == 1


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("true", True),
        ("YES", True),
        ("on", True),
        ("1", True),
        ("false", False),
        ("No", False),
        ("off", False),
        ("0", False),
    ],
)
def test_booleans_of_the_environment(tmp_path: Path, text: str, value: bool) -> None:
    loaded = site(tmp_path, environ={"INVOKE_ENVIRONMENTS_LOCAL_PRODUCTION": text})
    assert loaded.settings.environments["local"].production is value


def test_a_boolean_that_is_none_is_told(tmp_path: Path) -> None:
    [line] = mistakes(tmp_path, environ={"INVOKE_ENVIRONMENTS_LOCAL_PRODUCTION": "maybe"})
    assert line.startswith("environment INVOKE_ENVIRONMENTS_LOCAL_PRODUCTION: ")
    assert "true, false, yes, no" in line


def test_an_empty_variable_counts_as_not_set(tmp_path: Path) -> None:
    assert site(tmp_path, environ={"INVOKE_SITE_OUTPUT": ""}).settings.site.output == "dist"


def test_variables_of_invoke_and_of_others_are_left_alone(tmp_path: Path) -> None:
    others = {
        "INVOKE_RUN_ECHO": "1",
        "INVOKE_RUNTIME_CONFIG": "x",
        "INVOKE_TIMEOUTS_COMMAND": "3",
        "INVOKE_URL": "x",
    }
    assert site(tmp_path, environ=others).warnings == ()


def test_a_variable_that_looks_like_one_of_ours_is_a_warning(tmp_path: Path) -> None:
    [text] = site(tmp_path, environ={"INVOKE_SITE_OUPUT": "x"}).warnings
    assert "did you mean INVOKE_SITE_OUTPUT?" in text


def test_keys_of_invoke_stand_in_the_same_file(tmp_path: Path) -> None:
    ours = "timeouts: {command: 3}"
    yaml = f"tasks: {{executor_class: a.B}}\nrun: {{echo: true}}\nsudo: {{user: x}}\nrunners: {{}}\n{ours}"
    assert site(tmp_path, yaml).settings.timeouts.install == 600


def test_a_section_with_all_lines_commented_out_means_nothing(tmp_path: Path) -> None:
    assert site(tmp_path, "site:\n#  output: x\ntimeouts:\n", "# nothing").settings.site.output == "dist"


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("1234", 1234),
        ('"100 KB"', 100_000),
        ('"1.5 kb"', 1500),
        ('"2 KiB"', 2048),
        ('"1 MB"', 1_000_000),
        ('"none"', None),
    ],
)
def test_sizes(tmp_path: Path, text: str, value: int | None) -> None:
    assert site(tmp_path, toml=f"[budgets.page]\ncss = {text}").policy.budgets.page.css == value


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("npm run 'a b'", ("npm", "run", "a b")),
        ("[npm, run, x]", ("npm", "run", "x")),
        ("[]", ()),
        ("null", None),
    ],
)
def test_commands(tmp_path: Path, text: str, words: tuple[str, ...] | None) -> None:
    assert site(tmp_path, f"site: {{build: {text}}}").settings.site.build == words


def test_lines_of_toml_are_found_behind_long_texts(tmp_path: Path) -> None:
    toml = '[principles]\nI = """\n[budgets.page]\ncss = 1\n"""\n[thresholds]\nscore = 12'
    [line] = mistakes(tmp_path, toml=toml)
    assert line.startswith("constitution.toml:7: thresholds.score")


@pytest.mark.parametrize("data", [b"\xff\xfe", b"site: {name: \xe9}"])
def test_bytes_that_are_no_utf_8_are_told(tmp_path: Path, data: bytes) -> None:
    (tmp_path / "invoke.yaml").write_bytes(data)
    assert mistakes(tmp_path) == ["invoke.yaml:1: expected UTF-8 text"]


def test_an_alias_to_itself_is_told(tmp_path: Path) -> None:
    [line] = mistakes(tmp_path, "site: &a\n  name: *a")
    assert line == "invoke.yaml:1: site.name: an alias to what it stands in"


def test_aliases_of_aliases_are_no_bomb(tmp_path: Path) -> None:
    nine = {n: ", ".join([f"*a{n - 1}"] * 9) for n in range(1, 12)}
    lines = ["a0: &a0 [x, x]", *(f"a{n}: &a{n} [{nine[n]}]" for n in nine)]
    assert any("too many for settings" in line for line in mistakes(tmp_path, "\n".join(lines)))


def test_an_unknown_setting_names_the_nearest(tmp_path: Path) -> None:
    with pytest.raises(Stop) as caught:
        values_of(site(tmp_path), "budgets.pag")
    assert caught.value.hint == "invoke settings --key=budgets.page"


def test_the_reference_is_the_one_in_the_docs() -> None:
    assert (TOP / "docs" / "settings.md").read_text(encoding="utf-8") == reference()


def test_every_setting_is_in_the_reference(tmp_path: Path) -> None:
    text = reference()
    for key in site(tmp_path).origins:
        named = key.replace("environments.local", "environments.<name>")
        assert f"`{named}`" in text or f"`{named}[]`" in text or key == "waivers"
