using Mainstay.Core.Requests;
using Npgsql;

namespace Mainstay.State.Requests;

/// <summary>The tables of remembered requests in PostgreSQL, within one transaction of a connection.</summary>
sealed class PostgresRequestTable(NpgsqlConnection connection, long own, long nowMs, Func<RequestRow, bool> isLost) : IRequestTable
{
    /// <summary>What a database without our tables is given, in one piece; doing it twice changes nothing.</summary>
    public const string Make =
        """
        SELECT pg_advisory_xact_lock(5571432109871);
        CREATE TABLE IF NOT EXISTS mainstay_requests (
          id text PRIMARY KEY, route text NOT NULL, owner text NOT NULL, key text, fingerprint bytea NOT NULL, state int NOT NULL, holder text, attempt int NOT NULL, accepted boolean NOT NULL,
          at bigint NOT NULL, due bigint NOT NULL, ends bigint NOT NULL, keep bigint NOT NULL, bytes bigint NOT NULL, status int NOT NULL, why text, callback text);
        CREATE UNIQUE INDEX IF NOT EXISTS mainstay_requests_keys ON mainstay_requests (route, owner, key) WHERE key IS NOT NULL;
        CREATE INDEX IF NOT EXISTS mainstay_requests_due ON mainstay_requests (route, due) WHERE state = 0;
        CREATE INDEX IF NOT EXISTS mainstay_requests_running ON mainstay_requests (accepted, route) WHERE state = 1;
        CREATE INDEX IF NOT EXISTS mainstay_requests_ends ON mainstay_requests (ends);
        CREATE INDEX IF NOT EXISTS mainstay_requests_newest ON mainstay_requests (at);
        CREATE TABLE IF NOT EXISTS mainstay_request_bodies (id text PRIMARY KEY, content bytea NOT NULL);
        CREATE TABLE IF NOT EXISTS mainstay_request_answers (id text PRIMARY KEY, whole boolean NOT NULL, lines bytea NOT NULL, body bytea NOT NULL);
        CREATE TABLE IF NOT EXISTS mainstay_request_backlog (route text PRIMARY KEY, count bigint NOT NULL, bytes bigint NOT NULL);
        CREATE TABLE IF NOT EXISTS mainstay_request_callbacks (id text PRIMARY KEY, turn int NOT NULL, url text NOT NULL, state int NOT NULL, due bigint NOT NULL, since bigint NOT NULL, tries int NOT NULL, status int NOT NULL, why text);
        CREATE INDEX IF NOT EXISTS mainstay_request_callbacks_due ON mainstay_request_callbacks (due) WHERE state = 0;
        """;

    const string CallbackColumns = "id, turn, url, state, due, since, tries, status, why";

    const string Columns = "id, route, owner, key, fingerprint, state, holder, attempt, accepted, at, due, ends, keep, bytes, status, why, callback";

    public RequestRow? ByKey(string route, string owner, string key)
    {
        // A row that is not there yet cannot be locked: whoever asks about a key stands in line for it.
        Run("SELECT pg_advisory_xact_lock(hashtextextended($1, 7071))", $"{route}\n{owner}\n{key}");
        return One($"SELECT {Columns} FROM mainstay_requests WHERE route = $1 AND owner = $2 AND key = $3 FOR UPDATE", route, owner, key);
    }

    public RequestRow? ById(string id) => One($"SELECT {Columns} FROM mainstay_requests WHERE id = $1 FOR UPDATE", id);

    // What another gateway takes at this moment is not for this one.
    public List<RequestRow> Due(string route, long nowMs, int most) =>
        All($"SELECT {Columns} FROM mainstay_requests WHERE state = 0 AND route = $1 AND due <= $2 ORDER BY due LIMIT $3 FOR UPDATE SKIP LOCKED", route, nowMs, most);

    public List<RequestRow> Running(string route) => All($"SELECT {Columns} FROM mainstay_requests WHERE state = 1 AND accepted AND route = $1 FOR UPDATE SKIP LOCKED", route);

    public List<RequestRow> RunningNow(int most) => All($"SELECT {Columns} FROM mainstay_requests WHERE state = 1 AND NOT accepted LIMIT $1 FOR UPDATE SKIP LOCKED", most);

    public List<RequestRow> Newest(RequestFilter filter) => All(
        $"SELECT {Columns} FROM mainstay_requests WHERE ($1 = '*' OR route = $1) AND ($2 < 0 OR state = $2) ORDER BY at DESC LIMIT $3", filter.Route ?? "*", filter.State is { } state ? (int)state : -1, filter.Most);

    public void Put(RequestRow row, RequestRow? before)
    {
        Run(
            $"""
            INSERT INTO mainstay_requests ({Columns}) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17)
            ON CONFLICT (id) DO UPDATE SET state = $6, holder = $7, attempt = $8, due = $11, ends = $12, keep = $13, status = $15, why = $16
            """,
            row.Id, row.Route, row.Owner, row.Key, row.Fingerprint, (int)row.State, row.Holder, row.Attempt, row.IsAccepted,
            row.AtMs, row.DueMs, row.EndsMs, row.KeepMs, row.Bytes, row.Status, row.Why is { Length: > 2000 } why ? why[..2000] : row.Why, row.Callback);
        Count(before, row);
    }

    public void Delete(RequestRow row)
    {
        foreach (var table in new[] { "mainstay_requests", "mainstay_request_bodies", "mainstay_request_answers", "mainstay_request_callbacks" })
            Run($"DELETE FROM {table} WHERE id = $1", row.Id);
        Count(row, null);
    }

    public (long Count, long Bytes) Backlog(string route)
    {
        using var reader = Command("SELECT count, bytes FROM mainstay_request_backlog WHERE route = $1 FOR UPDATE", route).ExecuteReader();
        return reader.Read() ? (reader.GetInt64(0), reader.GetInt64(1)) : (0, 0);
    }

    public void KeepBody(string id, ReadOnlySpan<byte> content) =>
        Run("INSERT INTO mainstay_request_bodies VALUES ($1, $2) ON CONFLICT (id) DO UPDATE SET content = $2", id, content.ToArray());

    public void DropBody(string id) => Run("DELETE FROM mainstay_request_bodies WHERE id = $1", id);

    public byte[]? Body(string id) => (byte[]?)Command("SELECT content FROM mainstay_request_bodies WHERE id = $1", id).ExecuteScalar();

    public void KeepAnswer(string id, KeptAnswer answer) => Run(
        "INSERT INTO mainstay_request_answers VALUES ($1, $2, $3, $4) ON CONFLICT (id) DO UPDATE SET whole = $2, lines = $3, body = $4", id, answer.IsWhole, answer.Lines.ToArray(), answer.Body.ToArray());

    public KeptAnswer? Answer(RequestRow row)
    {
        using var reader = Command("SELECT whole, lines, body FROM mainstay_request_answers WHERE id = $1", row.Id).ExecuteReader();
        return reader.Read() ? new(row.Status, reader.GetFieldValue<byte[]>(1), reader.GetFieldValue<byte[]>(2), reader.GetBoolean(0)) : null;
    }

    public CallbackRow? Callback(string id) => Calls($"SELECT {CallbackColumns} FROM mainstay_request_callbacks WHERE id = $1 FOR UPDATE", id) is [var call] ? call : null;

    public List<CallbackRow> DueCallbacks(long nowMs, int most) =>
        Calls($"SELECT {CallbackColumns} FROM mainstay_request_callbacks WHERE state = 0 AND due <= $1 ORDER BY due LIMIT $2", nowMs, most);

    public void Put(CallbackRow row) => Run(
        $"""
        INSERT INTO mainstay_request_callbacks ({CallbackColumns}) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)
        ON CONFLICT (id) DO UPDATE SET turn = $2, url = $3, state = $4, due = $5, since = $6, tries = $7, status = $8, why = $9
        """,
        row.Id, row.Turn, row.Url, (int)row.State, row.DueMs, row.SinceMs, row.Tries, row.Status, row.Why is { Length: > 2000 } why ? why[..2000] : row.Why);

    public bool Sweep(long nowMs)
    {
        const int Slice = 500;
        var over = All($"SELECT {Columns} FROM mainstay_requests WHERE ends <= $1 ORDER BY ends LIMIT $2 FOR UPDATE SKIP LOCKED", nowMs, Slice);
        foreach (var row in over)
            Delete(row);
        return over.Count == Slice;
    }

    public List<RequestFigure> Figures()
    {
        var figures = new List<RequestFigure>();
        using var reader = Command("SELECT route, state, accepted, count(*), min(at) FROM mainstay_requests GROUP BY route, state, accepted ORDER BY route, state").ExecuteReader();
        while (reader.Read())
            figures.Add(new(reader.GetString(0), (RequestState)reader.GetInt32(1), reader.GetBoolean(2), reader.GetInt64(3), DateTimeOffset.FromUnixTimeMilliseconds(reader.GetInt64(4))));
        return figures;
    }

    /// <summary>A holder is alive while its session has its lock: the database notices the end of a process at once, and of a machine when its connection is given up.</summary>
    public bool IsHeld(RequestRow row)
    {
        if (row is not { State: RequestState.Running, Holder: { } holder })
            return false;
        if (HoldMark.IsOne(holder))
            return HoldMark.IsHeld(holder, nowMs);
        if (!long.TryParse(holder, out var id))
            return false;
        return id == own ? !isLost(row) : Command(
            "SELECT 1 FROM pg_locks WHERE locktype = 'advisory' AND granted AND objsubid = 1 AND classid::bigint = $1 AND objid::bigint = $2 LIMIT 1", (long)(uint)(id >> 32), (long)(uint)id).ExecuteScalar() is not null;
    }

    void Count(RequestRow? before, RequestRow? after)
    {
        var (was, isNow) = (before is { Waits: true }, after is { Waits: true });
        if (was == isNow)
            return;
        var row = (after ?? before)!;
        var sign = isNow ? 1L : -1L;
        Run(
            "INSERT INTO mainstay_request_backlog AS b VALUES ($1, $2, $3) ON CONFLICT (route) DO UPDATE SET count = b.count + $2, bytes = b.bytes + $3", row.Route, sign, sign * row.Bytes);
    }

    NpgsqlCommand Command(string sql, params ReadOnlySpan<object?> values)
    {
        var command = new NpgsqlCommand(sql, connection);
        foreach (var value in values)
            command.Parameters.Add(new NpgsqlParameter { Value = value ?? DBNull.Value });
        return command;
    }

    void Run(string sql, params ReadOnlySpan<object?> values)
    {
        using var command = Command(sql, values);
        command.ExecuteNonQuery();
    }

    RequestRow? One(string sql, params ReadOnlySpan<object?> values) => All(sql, values) is [var row, ..] ? row : null;

    List<RequestRow> All(string sql, params ReadOnlySpan<object?> values)
    {
        var rows = new List<RequestRow>();
        using var command = Command(sql, values);
        using var reader = command.ExecuteReader();
        while (reader.Read())
            rows.Add(Read(reader));
        return rows;
    }

    List<CallbackRow> Calls(string sql, params ReadOnlySpan<object?> values)
    {
        var calls = new List<CallbackRow>();
        using var command = Command(sql, values);
        using var reader = command.ExecuteReader();
        while (reader.Read())
        {
            calls.Add(new(reader.GetString(0), reader.GetInt32(1), reader.GetString(2))
            {
                State = (CallbackState)reader.GetInt32(3), DueMs = reader.GetInt64(4), SinceMs = reader.GetInt64(5), Tries = reader.GetInt32(6), Status = reader.GetInt32(7), Why = reader.IsDBNull(8) ? null : reader.GetString(8),
            });
        }

        return calls;
    }

    static RequestRow Read(NpgsqlDataReader reader) => new()
    {
        Id = reader.GetString(0),
        Route = reader.GetString(1),
        Owner = reader.GetString(2),
        Key = reader.IsDBNull(3) ? null : reader.GetString(3),
        Fingerprint = reader.GetFieldValue<byte[]>(4),
        State = (RequestState)reader.GetInt32(5),
        Holder = reader.IsDBNull(6) ? null : reader.GetString(6),
        Attempt = reader.GetInt32(7),
        IsAccepted = reader.GetBoolean(8),
        AtMs = reader.GetInt64(9),
        DueMs = reader.GetInt64(10),
        EndsMs = reader.GetInt64(11),
        KeepMs = reader.GetInt64(12),
        Bytes = reader.GetInt64(13),
        Status = reader.GetInt32(14),
        Why = reader.IsDBNull(15) ? null : reader.GetString(15),
        Callback = reader.IsDBNull(16) ? null : reader.GetString(16),
    };
}
