"""The same service on PostgreSQL: a row of each table, key states, pages, restarts, deletions, lost connections."""

import re

import pytest
from botocore.exceptions import ClientError

import kill_minus_nine
from conftest import opened
from harness import journal
from harness.clients import Clients
from harness.derive import everywhere, states
from harness.postgres import Postgres
from harness.process import Failed, free_port
from harness.site import Site
from harness.table import judge
from harness.waiting import until
from harness.world import PLAINTEXT
from tables import all_tables

pytestmark = pytest.mark.postgres

TABLES = all_tables()


@pytest.fixture(scope="module")
def postgres():
    server = Postgres()
    try:
        yield server.start()
    finally:
        server.stop()


def configuration(url):
    return f'[store]\nurl = "{url}"\n'


@pytest.fixture(scope="module")
def pg_site(postgres, tmp_path_factory):
    yield from opened(tmp_path_factory.mktemp("postgres"), config=configuration(postgres.database("shared")))


def cases(make):
    return pytest.mark.parametrize(
        ("operation", "row"),
        [
            pytest.param(name, row, id=f"{name}-{row.name}".replace(" ", "_"))
            for name, table in TABLES.items()
            for row in make(table)
        ],
    )


@cases(everywhere)
def test_a_row_of_each_table_holds_on_postgresql(pg_site, operation, row):
    judge(pg_site.world, row, operation, TABLES[operation].OPERATION.service)


@cases(states)
def test_key_states_hold_on_postgresql(pg_site, operation, row):
    judge(pg_site.world, row, operation, TABLES[operation].OPERATION.service)


def test_every_table_has_a_row_for_every_store():
    assert [name for name, table in TABLES.items() if not everywhere(table)] == []


def test_pages_hold_on_postgresql(pg_site):
    account = "900000000001"
    made = {pg_site.clients.call("CreateKey", {}, account=account)[0]["KeyMetadata"]["KeyId"] for _ in range(5)}
    pages = pg_site.clients(account=account).get_paginator("list_keys").paginate(PaginationConfig={"PageSize": 2})
    listed = [key["KeyId"] for page in pages for key in page["Keys"]]
    assert (set(listed), len(listed)) == (made, 5)


def test_keys_outlive_the_server_on_postgresql(postgres, serve):
    server = serve(config=configuration(postgres.database("restart"))).start()
    site = Site.of(server)
    key = site.world.key("symmetric")
    for end in (server.stop, server.kill):
        end()
        server.start()
        again = Clients(server.url)
        assert again().decrypt(CiphertextBlob=key.sample)["Plaintext"] == PLAINTEXT
        again.close()
    site.clients.close()


def test_no_acknowledged_change_is_lost_on_postgresql(postgres, tmp_path):
    def in_table(_server):
        printed = postgres.sql("SELECT * FROM sealroom_records", "killed").splitlines()
        return journal.count(bytes.fromhex(found) for line in printed for found in re.findall(r"\\x([0-9a-f]+)", line))

    config = configuration(postgres.database("killed"))
    seen = kill_minus_nine.run(tmp_path / "server", operations=1_500, kills=8, config=config, count=in_table)
    assert seen["acknowledged"] >= 1_500 and seen["kills"] == 8 and seen["broken"] > 0


def test_a_deletion_falls_due_on_postgresql(postgres, serve):
    with serve(config=configuration(postgres.database("due"))) as server:
        site = Site.of(server)
        key = site.clients().create_key()["KeyMetadata"]["KeyId"]
        site.clients().schedule_key_deletion(KeyId=key, PendingWindowInDays=7)
        server.advance(8 * 86_400)
        with pytest.raises(ClientError) as refused:
            site.clients().describe_key(KeyId=key)
        assert refused.value.response["Error"]["Code"] == "NotFoundException"
        site.clients.close()


def test_a_second_server_takes_the_database_over(postgres, serve):
    """The journal belongs to whoever opened it last. The first answers nothing that it can not record, and says so."""
    url = postgres.database("two")
    shared = f'[root]\nkind = "key-file"\nkey_file = "{serve("root").folder}/root.key"\n'
    with serve("one", config=configuration(url) + shared) as one:
        first = Site.of(one)
        key = first.world.key("symmetric")
        with serve("two", config=configuration(url) + shared) as two:
            second = Site.of(two)
            assert second.clients().decrypt(CiphertextBlob=key.sample)["Plaintext"] == PLAINTEXT
            second.clients().disable_key(KeyId=key.id)
            for _ in range(10):
                assert first.raw.kms("Decrypt", {"CiphertextBlob": key.sample}).status in (400, 500, 503)
                assert first.raw.kms("CreateKey", {}).status in (200, 500, 503)
            assert second.clients().describe_key(KeyId=key.id)["KeyMetadata"]["KeyState"] == "Disabled"
            until(lambda: one.admin("/readyz")[0] == 503, "the first says that it is not ready")
            assert two.admin("/readyz")[0] == 200
            second.clients.close()
        first.clients.close()


def test_no_plaintext_and_no_description_stands_in_the_database(postgres, serve):
    url = postgres.database("clear")
    with serve(config=configuration(url)) as server:
        site = Site.of(server)
        key = site.clients().create_key(Description="nobody else's business")["KeyMetadata"]["KeyId"]
        site.clients().encrypt(KeyId=key, Plaintext=b"not to be found in the database")
        data_key = site.clients().generate_data_key(KeyId=key, KeySpec="AES_256")["Plaintext"]
        site.clients.close()
    tables = postgres.sql("SELECT tablename FROM pg_tables WHERE schemaname = 'public'", "clear").split()
    assert tables
    dump = "".join(postgres.sql(f'SELECT * FROM "{table}"', "clear") for table in tables)
    rows = "".join(
        postgres.sql(f'SELECT * FROM "{table}"', "clear")
        for table in tables
        if "record" not in table and "log" not in table
    )
    for secret in (b"not to be found in the database", data_key):
        assert secret.hex() not in dump
    assert b"nobody else's business".hex() not in rows


def test_a_database_that_stops_fails_calls_and_recovers(postgres, serve):
    """Its connections are cut: calls may fail with 500 or 503 meanwhile, and work again after it."""
    with serve(config=configuration(postgres.database("cut"))) as server:
        site = Site.of(server)
        key = site.world.key("symmetric")
        for _ in range(3):
            postgres.sql("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = 'cut'")
            statuses = [site.raw.kms("CreateKey", {}).status for _ in range(5)]
            assert set(statuses) <= {200, 500, 503}, statuses
            assert statuses[-1] == 200, statuses
        assert site.clients().decrypt(CiphertextBlob=key.sample)["Plaintext"] == PLAINTEXT
        site.clients.close()


def test_a_database_that_cannot_be_reached_is_told(serve):

    with pytest.raises(Failed) as refused:
        serve(config=configuration(f"postgres://sealroom:hush@127.0.0.1:{free_port()}/none")).start()
    assert refused.value.code == 1 and "sealroom: " in refused.value.said, refused.value.said
    assert "hush" not in refused.value.said


def test_a_password_stands_in_no_log(postgres, serve):
    url = postgres.database("password").replace("sealroom@", "sealroom:hush-hush@")
    with serve(config=configuration(url), variables={"SEALROOM_LOG__LEVEL": "debug"}) as server:
        Site.of(server).clients().create_key()
        assert "hush-hush" not in server.log()
