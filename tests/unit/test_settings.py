"""Settings: every mistake names the setting, and no secret shows."""

from __future__ import annotations

import base64
import dataclasses
import pickle
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sikka.bootstrap.fraud_watch import monitoring_config
from sikka.domain.errors import ConfigurationError
from sikka.flows import parts
from sikka.fraud.config import FraudConfig
from sikka.fraud.monitoring.config import MonitoringConfig
from sikka.settings import Fraud, Policy, Secret, Settings

EXAMPLES = Path(__file__).parents[2] / "deploy/config"
KEY = base64.b64encode(bytes(range(32))).decode()

NPCI = """
upi:
  npci:
    url: https://switch.example
    org_id: "159001"
    psp_prefix: SKA
    signing_key: keys/signing.pem
    peers:
      NPCI:
        - certificate: keys/npci-2026.pem
          not_after: 2027-01-31T00:00:00Z
        - certificate: keys/npci-2027.pem
"""


SPONSOR = """
upi:
  sponsors:
    {}: {{url: 'https://b', merchant_id: m, psp_prefix: SKA, secret: s, callback_secrets: {}}}
"""


def load(tmp_path: Path, text: str, **environ: str) -> Settings:
    path = tmp_path / "sikka.yaml"
    path.write_text(text, encoding="utf-8")
    return Settings.load(path, environ)


def refused(tmp_path: Path, text: str, **environ: str) -> ConfigurationError:
    with pytest.raises(ConfigurationError) as caught:
        load(tmp_path, text, **environ)
    return caught.value


def test_nothing_given_is_the_embedded_mode() -> None:
    settings = Settings.load(None, {})
    assert settings == Settings()
    assert settings.database.is_sqlite
    assert settings.redis is None
    assert settings.upi.npci is None


def test_an_empty_file_is_the_embedded_mode(tmp_path: Path) -> None:
    assert load(tmp_path, "# nothing\n") == Settings()


def test_the_file_overrides_the_defaults_and_the_environment_overrides_the_file(
    tmp_path: Path,
) -> None:
    text = "server:\n  port: 9000\n  host: 0.0.0.0\n"
    settings = load(tmp_path, text, SIKKA__SERVER__PORT="9100", HOME="/root")
    assert (settings.server.port, settings.server.host) == (9100, "0.0.0.0")  # noqa: S104


def test_a_variable_in_the_file_is_filled_in(tmp_path: Path) -> None:
    text = "server:\n  port: ${PORT:-8081}\n  host: ${HOST:-::1}\nlogging:\n  level: ${LEVEL}\n"
    settings = load(tmp_path, text, LEVEL="ERROR", HOST="")
    assert settings.server.port == 8081
    assert settings.server.host == "::1"
    assert settings.logging.level == "ERROR"


def test_a_doubled_dollar_stands_for_itself(tmp_path: Path) -> None:
    text = "fraud:\n  blocked_users: ['$${USER}', 'a$b']\n"
    assert load(tmp_path, text).fraud.blocked_users == ("${USER}", "a$b")


def test_a_variable_cannot_add_yaml(tmp_path: Path) -> None:
    text = "fraud:\n  blocked_users:\n    - ${NAME}\n"
    settings = load(tmp_path, text, NAME="x\nserver: {port: 1}")
    assert settings.fraud.blocked_users == ("x\nserver: {port: 1}",)


def test_a_variable_that_is_not_set_names_the_setting(tmp_path: Path) -> None:
    error = refused(tmp_path, "redis:\n  url: ${REDIS_URL}\n")
    assert error.param == "redis.url"
    assert str(error) == "redis.url: the variable REDIS_URL is not set and has no default"


def test_an_empty_variable_means_null() -> None:
    environ = {"SIKKA__REDIS__URL": "redis://a/0", "SIKKA__SERVER__PUBLIC_URL": ""}
    assert Settings.load(None, environ).server.public_url is None


def test_a_section_without_settings_takes_its_defaults(tmp_path: Path) -> None:
    redis = load(tmp_path, "redis: {}\n").redis
    assert redis is not None
    assert redis.url.reveal() == "redis://127.0.0.1:6379/0"
    assert load(tmp_path, "server:\n").server == Settings().server


def test_a_list_in_a_variable_is_json() -> None:
    settings = Settings.load(None, {"SIKKA__POLICY__CHECK_DELAYS_S": "[100, 200.5]"})
    assert settings.policy.check_delays_s == (100.0, 200.5)


def test_a_sponsor_can_come_from_the_environment_alone() -> None:
    environ = {
        "SIKKA__UPI__SPONSORS__SIMBANK__URL": "https://bank.example",
        "SIKKA__UPI__SPONSORS__SIMBANK__MERCHANT_ID": "M1",
        "SIKKA__UPI__SPONSORS__SIMBANK__PSP_PREFIX": "SKA",
        "SIKKA__UPI__SPONSORS__SIMBANK__SECRET": "s3cret",
    }
    sponsor = Settings.load(None, environ).upi.sponsors["simbank"]
    assert sponsor.secret.reveal() == "s3cret"
    assert "s3cret" not in repr(sponsor)


def test_paths_start_at_the_folder_of_the_file(tmp_path: Path) -> None:
    npci = load(tmp_path, NPCI).upi.npci
    assert npci is not None
    assert npci.signing_key == tmp_path / "keys/signing.pem"
    assert [peer.certificate.name for peer in npci.peers["NPCI"]] == [
        "npci-2026.pem",
        "npci-2027.pem",
    ]


def test_an_organisation_in_upper_case_is_found_by_the_environment(tmp_path: Path) -> None:
    peers = '[{"certificate": "/other.pem"}]'
    npci = load(tmp_path, NPCI, SIKKA__UPI__NPCI__PEERS__NPCI=peers).upi.npci
    assert npci is not None
    assert [str(peer.certificate) for peer in npci.peers["NPCI"]] == ["/other.pem"]


@pytest.mark.parametrize(
    ("text", "path", "rule"),
    [
        ("sever: {}", "sever", "is no setting; is server meant?"),
        ("server: {prot: 1}", "server.prot", "is no setting; is port meant?"),
        ("webhooks: {zzz: 1}", "webhooks.zzz", "is no setting; known are allow_private"),
        ("server: 5", "server", "must be a section"),
        ("server: {port: many}", "server.port", "must be a port, 0 (any free one) to 65535"),
        ("server: {port: 70000}", "server.port", "must be a port"),
        ("server: {port: null}", "server.port", "must be a port"),
        ("server: {port: [1]}", "server.port", "must be a port"),
        ("server: {workers: 0}", "server.workers", "must be 1 to 256 processes"),
        ("server: {host: ''}", "server.host", "must be a text of 1 to 255"),
        ("server: {public_url: ftp://x}", "server.public_url", "must be a URL that begins"),
        ("server: {public_url: 'http://x:port'}", "server.public_url", "must be a URL"),
        ("server: {public_url: 'http://u:p@x'}", "server.public_url", "must not hold a user"),
        ("database: {url: 'postgres://x'}", "database.url", "must begin with sqlite+aiosqlite"),
        ("database: {url: 5}", "database.url", "must be a text"),
        ("redis: {url: 'http://x'}", "redis.url", "must begin with redis://"),
        (
            "journal: {group_changes_max: 9, queue_changes_max: 8}",
            "journal.group_changes_max",
            "must not exceed queue_changes_max",
        ),
        ("journal: {group_changes_max: 1.5}", "journal.group_changes_max", "must be 1 to 4096"),
        (
            "webhooks: {allow_private_addresses: perhaps}",
            "webhooks.allow_private_addresses",
            "must be true or false",
        ),
        ("webhooks: {retry_delays_s: []}", "webhooks.retry_delays_s", "at least one attempt"),
        (
            "webhooks: {retry_delays_s: [0, -1]}",
            "webhooks.retry_delays_s[1]",
            "must be 0 or more seconds",
        ),
        ("webhooks: {retry_delays_s: 5}", "webhooks.retry_delays_s", "must be a list"),
        ("policy: {retention_s: 3600}", "policy.retention_s", "at least 86400 seconds"),
        ("policy: {check_delays_s: [90, 60]}", "policy.check_delays_s", "times that grow"),
        ("policy: {check_delays_s: []}", "policy.check_delays_s", "at least one"),
        ("policy: {send_window_s: 90}", "policy.send_window_s", "less than the first of"),
        ("logging: {level: LOUD}", "logging.level", "must be one of DEBUG, INFO"),
        ("secrets: {master_key: c2hvcnQ=}", "secrets.master_key", "must be 32 bytes in base64"),
        ("secrets: {master_key: '%%%'}", "secrets.master_key", "must be 32 bytes in base64"),
        ("upi: {npci: {}}", "upi.npci.url", "is missing"),
        ("upi: {sponsors: [a]}", "upi.sponsors", "must be a mapping"),
        ("upi: {sponsors: {1: {}}}", "upi.sponsors", "the name 1 must be a text"),
        (
            "upi: {sponsors: {axis: {url: 'https://b'}}}",
            "upi.sponsors.axis.merchant_id",
            "is missing",
        ),
        (
            "upi: {sponsors: {axis: {url: 'https://b', merchant_id: m, psp_prefix: A, secret: s}}}",
            "upi.sponsors.axis.psp_prefix",
            "must be 3 of A-Z and 0-9",
        ),
        (
            SPONSOR.format("npci", "[]"),
            "upi.sponsors.npci",
            "npci is the switch itself",
        ),
        (
            SPONSOR.format("axis", "['']"),
            "upi.sponsors.axis.callback_secrets[0]",
            "must be a text that is not empty",
        ),
        (NPCI.replace("keys/signing.pem", "''"), "upi.npci.signing_key", "must be the path"),
        (NPCI.replace("      NPCI:", "      OTHER:"), "upi.npci.peers", "a certificate of NPCI"),
        (NPCI + "    path_prefix: upi\n", "upi.npci.path_prefix", "must begin with /"),
        (NPCI + "    version: 2.0\n", "upi.npci.version", "must be a version such as '2.0'"),
        (NPCI.replace("00Z", "00"), "upi.npci.peers.NPCI[0].not_after", "a time with its zone"),
        (
            NPCI + "          not_before: 2027-01-01T00:00:00Z\n"
            "          not_after: 2026-01-01T00:00:00Z\n",
            "upi.npci.peers.NPCI[1].not_after",
            "must be later than not_before",
        ),
    ],
)
def test_a_mistake_names_the_setting_and_the_rule(
    tmp_path: Path, text: str, path: str, rule: str
) -> None:
    error = refused(tmp_path, text)
    assert error.param == path
    assert str(error).startswith(f"{path}: ")
    assert rule in str(error)


@pytest.mark.parametrize(
    ("name", "value", "path"),
    [
        ("SIKKA__SERVER__PROT", "1", "server.prot"),
        ("SIKKA__SERVER__PORT", "one", "server.port"),
        ("SIKKA__SERVER", "one", "server"),
        ("SIKKA__SERVER__PORT__DEEP", "1", "server.port"),
        ("SIKKA__FRAUD__BLOCKED_IPS", "[", "fraud.blocked_ips"),
        ("SIKKA__DATABASE__URL", "", "database.url"),
    ],
)
def test_a_mistake_in_a_variable_names_the_setting_and_the_variable(
    name: str, value: str, path: str
) -> None:
    with pytest.raises(ConfigurationError) as caught:
        Settings.load(None, {name: value})
    assert caught.value.param == path
    if path != "server.port" or name.endswith("PORT"):
        assert f"(from {name})" in str(caught.value)


def test_a_variable_below_a_plain_setting_is_refused(tmp_path: Path) -> None:
    error = refused(tmp_path, "server: {port: 1}", SIKKA__SERVER__PORT__DEEP="1")
    assert error.param == "server.port"
    assert "SIKKA__SERVER__PORT__DEEP" in str(error)


def test_a_variable_without_a_name_is_refused() -> None:
    with pytest.raises(ConfigurationError, match="SIKKA____PORT: must be SIKKA__SECTION__NAME"):
        Settings.load(None, {"SIKKA____PORT": "1"})


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("- a\n", "must be a mapping of sections"),
        ("server: {\n", "line 2"),
        ("server: {}\nserver: {}\n", "line 2: server is given twice"),
        ("server: {port: 1, port: 2}\n", "port is given twice"),
        ("server: !!python/object:os.system {}\n", "could not determine a constructor"),
        ("server: \x00\n", "is no YAML"),
    ],
)
def test_a_file_that_is_no_configuration_is_refused_with_its_line(
    tmp_path: Path, text: str, words: str
) -> None:
    error = refused(tmp_path, text)
    assert str(tmp_path / "sikka.yaml") in str(error)
    assert words in str(error)


def test_a_file_that_is_missing_or_not_text_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match=r"none\.yaml: No such file"):
        Settings.load(tmp_path / "none.yaml", {})
    (tmp_path / "latin.yaml").write_bytes(b"a: \xe9\n")
    with pytest.raises(ConfigurationError, match="must be UTF-8"):
        Settings.load(tmp_path / "latin.yaml", {})


def test_no_secret_shows_in_any_repr(tmp_path: Path) -> None:
    text = "database: {url: 'mysql+asyncmy://sikka:hunter2@db/sikka'}\n"
    settings = load(tmp_path, text, SIKKA__SECRETS__MASTER_KEY=KEY)
    for shown in (repr(settings), str(settings), f"{settings.secrets.master_key}"):
        assert "hunter2" not in shown
        assert KEY not in shown


def test_a_wrong_secret_does_not_show_in_its_error(tmp_path: Path) -> None:
    for text in (
        "secrets: {master_key: hunter2}",
        "database: {url: 'postgres://u:hunter2@db'}",
        "server: {public_url: 'https://u:hunter2@host'}",
        "server: {port: hunter2}",
    ):
        assert "hunter2" not in str(refused(tmp_path, text))


@given(st.text(min_size=1))
def test_a_secret_reveals_itself_only_when_asked(value: str) -> None:
    secret = Secret(value)
    assert secret.reveal() == value
    assert repr(secret) == "Secret(***)"
    assert f"{secret} {secret!r} {secret!s}" == "*** Secret(***) ***"


def test_secrets_compare_by_value_and_cannot_be_pickled() -> None:
    assert Secret("a") == Secret("a")
    assert Secret("a") != Secret("b")
    assert Secret("a") != "a"
    assert len({Secret("a"), Secret("a"), Secret("b")}) == 2
    assert Secret("a")
    assert not Secret("")
    with pytest.raises(TypeError, match="not to be pickled"):
        pickle.dumps(Secret("a"))


def test_each_purpose_has_its_own_key_and_always_the_same() -> None:
    secrets = Settings.load(None, {"SIKKA__SECRETS__MASTER_KEY": KEY}).secrets
    api, webhooks = secrets.derived("api-keys"), secrets.derived("webhook-secrets")
    assert api == secrets.derived("api-keys")
    assert len({api, webhooks, bytes(range(32))}) == 3
    assert {len(api), len(webhooks)} == {32}


def test_a_key_without_a_master_key_says_how_to_make_one() -> None:
    with pytest.raises(ConfigurationError, match="sikka keys master") as caught:
        Settings().secrets.derived("api-keys")
    assert caught.value.param == "secrets.master_key"


def test_the_tree_is_frozen() -> None:
    with pytest.raises(dataclasses.FrozenInstanceError):
        Settings().server.port = 1  # type: ignore[misc]


def test_the_example_of_development_is_the_embedded_mode_on_this_machine() -> None:
    settings = Settings.load(EXAMPLES / "development.yaml", {})
    assert settings.database == Settings().database
    assert settings.webhooks.allow_private_addresses
    assert Settings.load(EXAMPLES / "development.yaml", {"PORT": "9000"}).server.port == 9000


def test_the_example_of_production_takes_every_secret_from_the_environment() -> None:
    environ = {
        "DATABASE_URL": "mysql+asyncmy://sikka:hunter2@db/sikka",
        "REDIS_URL": "redis://:hunter2@redis/0",
        "SIKKA_MASTER_KEY": KEY,
        "AXIS_SECRET": "hunter2",
    }
    settings = Settings.load(EXAMPLES / "production.yaml", environ)
    assert settings.upi.npci is not None
    assert len(settings.upi.npci.peers["NPCI"]) == 2
    assert settings.upi.npci.signing_key == EXAMPLES / "keys/signing.pem"
    assert settings.upi.sponsors["axis"].secret.reveal() == "hunter2"
    assert "hunter2" not in repr(settings)
    assert not settings.webhooks.allow_private_addresses
    for missing in environ:
        with pytest.raises(ConfigurationError, match=missing):
            Settings.load(
                EXAMPLES / "production.yaml",
                {name: value for name, value in environ.items() if name != missing},
            )


def test_the_example_beside_the_simulated_world_finds_its_keys_there() -> None:
    environ = {
        "DATABASE_URL": "mysql+asyncmy://sikka:hunter2@127.0.0.1/sikka",
        "REDIS_URL": "redis://127.0.0.1/0",
        "SIKKA_MASTER_KEY": KEY,
        "SIKKA_WORLD": "/srv/world",
    }
    settings = Settings.load(EXAMPLES / "simulated.yaml", environ)
    assert settings.upi.npci is not None
    assert settings.upi.npci.signing_key == Path("/srv/world/gateway.key.pem")
    assert settings.server.workers == 2


def test_the_policy_of_the_settings_is_the_policy_of_the_flows() -> None:
    assert dataclasses.asdict(Policy()) == dataclasses.asdict(parts.Policy())


def test_fraud_settings_are_the_rules_of_the_engine_and_the_policy_of_reviews() -> None:
    fraud = dataclasses.asdict(Fraud())
    reviews = {
        name: fraud.pop(f"review_{name}") for name in ("timeout_s", "timeout_action", "claim_s")
    }
    del fraud["monitoring"], fraud["label_delay_days"]
    assert fraud == dataclasses.asdict(FraudConfig())
    assert reviews == dataclasses.asdict(parts.ReviewPolicy())


def test_what_is_watched_of_the_models_is_a_section_of_its_own(tmp_path: Path) -> None:
    text = "fraud:\n  label_delay_days: 45\n  monitoring: {recall_min: 0.5, score_psi_max: null}\n"
    fraud = load(tmp_path, text).fraud
    assert fraud.label_delay_days == 45.0
    assert (fraud.monitoring.recall_min, fraud.monitoring.score_psi_max) == (0.5, None)
    wrong = "fraud:\n  monitoring: {recall_min: 50}\n"
    error = refused(tmp_path, wrong)
    assert str(error) == "fraud.monitoring.recall_min: must be a number of 0 to 1"
    assert monitoring_config(Settings(), shared=True) == MonitoringConfig()
