using Mainstay.Core.Requests;
using Mainstay.State.Sqlite;

namespace Mainstay.State.Requests;

/// <summary>The tables of the file of requests, and what is asked of them, by the thread that has the file.</summary>
sealed class SqliteRequestTable(JournalFile file, Func<RequestRow, bool> isHeld) : IRequestTable
{
    // "MsRq", of PRAGMA application_id.
    public const int Application = 0x4D735271;

    public static readonly string[] Make =
    [
        """
        CREATE TABLE requests (
          id TEXT PRIMARY KEY, route TEXT NOT NULL, owner TEXT NOT NULL, key TEXT, fingerprint BLOB NOT NULL, state INTEGER NOT NULL, holder TEXT, attempt INTEGER NOT NULL,
          accepted INTEGER NOT NULL, at INTEGER NOT NULL, due INTEGER NOT NULL, ends INTEGER NOT NULL, keep INTEGER NOT NULL, bytes INTEGER NOT NULL, status INTEGER NOT NULL, why TEXT, callback TEXT)
        """,
        "CREATE UNIQUE INDEX keys ON requests (route, owner, key) WHERE key IS NOT NULL",
        // 0 waiting, 1 running.
        "CREATE INDEX due ON requests (route, due) WHERE state = 0",
        "CREATE INDEX running ON requests (accepted, route) WHERE state = 1",
        "CREATE INDEX ends ON requests (ends)",
        "CREATE INDEX newest ON requests (at)",
        // Beside: what is large is written once and read once.
        "CREATE TABLE bodies (id TEXT PRIMARY KEY, content BLOB NOT NULL)",
        "CREATE TABLE answers (id TEXT PRIMARY KEY, whole INTEGER NOT NULL, lines BLOB NOT NULL, body BLOB NOT NULL)",
        // How much waits or runs of each route, so that nobody has to count.
        "CREATE TABLE backlog (route TEXT PRIMARY KEY, count INTEGER NOT NULL, bytes INTEGER NOT NULL)",
        MakeCallbacks, MakeCallbacksDue,
    ];

    /// <summary>Beside the others since calls are made: a file of before gets it when it is opened.</summary>
    public const string MakeCallbacks =
        "CREATE TABLE IF NOT EXISTS callbacks (id TEXT PRIMARY KEY, turn INTEGER NOT NULL, url TEXT NOT NULL, state INTEGER NOT NULL, due INTEGER NOT NULL, since INTEGER NOT NULL, tries INTEGER NOT NULL, status INTEGER NOT NULL, why TEXT)";

    public const string MakeCallbacksDue = "CREATE INDEX IF NOT EXISTS callbacksdue ON callbacks (due) WHERE state = 0";

    const string CallbackColumns = "id, turn, url, state, due, since, tries, status, why";

    const string Columns = "id, route, owner, key, fingerprint, state, holder, attempt, accepted, at, due, ends, keep, bytes, status, why, callback";

    public RequestRow? ByKey(string route, string owner, string key) =>
        One(file[$"SELECT {Columns} FROM requests WHERE route = ?1 AND owner = ?2 AND key = ?3"].Bind(1, route).Bind(2, owner).Bind(3, key));

    public RequestRow? ById(string id) => One(file[$"SELECT {Columns} FROM requests WHERE id = ?1"].Bind(1, id));

    public List<RequestRow> Due(string route, long nowMs, int most) =>
        All(file[$"SELECT {Columns} FROM requests WHERE state = 0 AND route = ?1 AND due <= ?2 ORDER BY due LIMIT ?3"].Bind(1, route).Bind(2, nowMs).Bind(3, most));

    public List<RequestRow> Running(string route) =>
        All(file[$"SELECT {Columns} FROM requests WHERE state = 1 AND accepted = 1 AND route = ?1"].Bind(1, route));

    public List<RequestRow> RunningNow(int most) => All(file[$"SELECT {Columns} FROM requests WHERE state = 1 AND accepted = 0 LIMIT ?1"].Bind(1, most));

    public List<RequestRow> Newest(RequestFilter filter) => All(file[
        $"SELECT {Columns} FROM requests WHERE (?1 = '*' OR route = ?1) AND (?2 < 0 OR state = ?2) ORDER BY at DESC LIMIT ?3"]
        .Bind(1, filter.Route ?? "*").Bind(2, filter.State is { } state ? (long)state : -1).Bind(3, filter.Most));

    /// <summary>Writes a row down, new or changed, and what of it waits.</summary>
    public void Put(RequestRow row, RequestRow? before)
    {
        var put = file[$"INSERT OR REPLACE INTO requests ({Columns}) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17)"]
            .Bind(1, row.Id).Bind(2, row.Route).Bind(3, row.Owner).Bind(5, row.Fingerprint).Bind(6, (long)row.State).Bind(8, row.Attempt).Bind(9, row.IsAccepted ? 1 : 0)
            .Bind(10, row.AtMs).Bind(11, row.DueMs).Bind(12, row.EndsMs).Bind(13, row.KeepMs).Bind(14, row.Bytes).Bind(15, row.Status);
        Text(put, 4, row.Key);
        Text(put, 7, row.Holder);
        Text(put, 16, row.Why);
        Text(put, 17, row.Callback);
        put.Run();
        Count(before, row);
    }

    public void Delete(RequestRow row)
    {
        foreach (var sql in new[] { "DELETE FROM requests WHERE id = ?1", "DELETE FROM bodies WHERE id = ?1", "DELETE FROM answers WHERE id = ?1", "DELETE FROM callbacks WHERE id = ?1" })
            file[sql].Bind(1, row.Id).Run();
        Count(row, null);
    }

    public (long Count, long Bytes) Backlog(string route)
    {
        var select = file["SELECT count, bytes FROM backlog WHERE route = ?1"].Bind(1, route);
        try
        {
            return select.Step() ? (select.Long(0), select.Long(1)) : (0, 0);
        }
        finally
        {
            select.Reset();
        }
    }

    public void KeepBody(string id, ReadOnlySpan<byte> content) => file["INSERT OR REPLACE INTO bodies VALUES (?1, ?2)"].Bind(1, id).Bind(2, content).Run();

    public void DropBody(string id) => file["DELETE FROM bodies WHERE id = ?1"].Bind(1, id).Run();

    public byte[]? Body(string id)
    {
        var select = file["SELECT content FROM bodies WHERE id = ?1"].Bind(1, id);
        try
        {
            return select.Step() ? select.Blob(0) : null;
        }
        finally
        {
            select.Reset();
        }
    }

    public void KeepAnswer(string id, KeptAnswer answer) =>
        file["INSERT OR REPLACE INTO answers VALUES (?1, ?2, ?3, ?4)"].Bind(1, id).Bind(2, answer.IsWhole ? 1 : 0).Bind(3, answer.Lines.Span).Bind(4, answer.Body.Span).Run();

    public KeptAnswer? Answer(RequestRow row)
    {
        var select = file["SELECT whole, lines, body FROM answers WHERE id = ?1"].Bind(1, row.Id);
        try
        {
            return select.Step() ? new(row.Status, select.Blob(1), select.Blob(2), select.Long(0) != 0) : null;
        }
        finally
        {
            select.Reset();
        }
    }

    public CallbackRow? Callback(string id) => Calls(file[$"SELECT {CallbackColumns} FROM callbacks WHERE id = ?1"].Bind(1, id)) is [var call] ? call : null;

    public List<CallbackRow> DueCallbacks(long nowMs, int most) =>
        Calls(file[$"SELECT {CallbackColumns} FROM callbacks WHERE state = 0 AND due <= ?1 ORDER BY due LIMIT ?2"].Bind(1, nowMs).Bind(2, most));

    public void Put(CallbackRow row)
    {
        var put = file[$"INSERT OR REPLACE INTO callbacks ({CallbackColumns}) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)"]
            .Bind(1, row.Id).Bind(2, row.Turn).Bind(3, row.Url).Bind(4, (long)row.State).Bind(5, row.DueMs).Bind(6, row.SinceMs).Bind(7, row.Tries).Bind(8, row.Status);
        Text(put, 9, row.Why);
        put.Run();
    }

    static List<CallbackRow> Calls(Statement select)
    {
        var calls = new List<CallbackRow>();
        try
        {
            while (select.Step())
            {
                calls.Add(new(select.Text(0), (int)select.Long(1), select.Text(2))
                {
                    State = (CallbackState)select.Long(3), DueMs = select.Long(4), SinceMs = select.Long(5), Tries = (int)select.Long(6), Status = (int)select.Long(7), Why = select.IsNull(8) ? null : select.Text(8),
                });
            }
        }
        finally
        {
            select.Reset();
        }

        return calls;
    }

    /// <summary>Forgets a slice of what has been kept for long enough. True where there may be more.</summary>
    public bool Sweep(long nowMs)
    {
        const int Slice = 500;
        var over = All(file[$"SELECT {Columns} FROM requests WHERE ends <= ?1 ORDER BY ends LIMIT ?2"].Bind(1, nowMs).Bind(2, Slice));
        foreach (var row in over)
            Delete(row);
        return over.Count == Slice;
    }

    public List<RequestFigure> Figures()
    {
        var figures = new List<RequestFigure>();
        var select = file["SELECT route, state, accepted, count(*), min(at) FROM requests GROUP BY route, state, accepted ORDER BY route, state"];
        try
        {
            while (select.Step())
                figures.Add(new(select.Text(0), (RequestState)select.Long(1), select.Long(2) != 0, select.Long(3), DateTimeOffset.FromUnixTimeMilliseconds(select.Long(4))));
        }
        finally
        {
            select.Reset();
        }

        return figures;
    }

    public bool IsHeld(RequestRow row) => isHeld(row);

    void Count(RequestRow? before, RequestRow? after)
    {
        var (was, isNow) = (before is { Waits: true }, after is { Waits: true });
        if (was == isNow)
            return;
        var row = (after ?? before)!;
        var sign = isNow ? 1 : -1;
        file["INSERT INTO backlog VALUES (?1, ?2, ?3) ON CONFLICT (route) DO UPDATE SET count = count + ?2, bytes = bytes + ?3"].Bind(1, row.Route).Bind(2, sign).Bind(3, sign * row.Bytes).Run();
    }

    static void Text(Statement statement, int index, string? text)
    {
        if (text is null)
            statement.BindNull(index);
        else
            statement.Bind(index, text.Length <= 2000 ? text : text[..2000]);
    }

    static RequestRow? One(Statement select)
    {
        try
        {
            return select.Step() ? Read(select) : null;
        }
        finally
        {
            select.Reset();
        }
    }

    static List<RequestRow> All(Statement select)
    {
        var rows = new List<RequestRow>();
        try
        {
            while (select.Step())
                rows.Add(Read(select));
        }
        finally
        {
            select.Reset();
        }

        return rows;
    }

    static RequestRow Read(Statement select) => new()
    {
        Id = select.Text(0),
        Route = select.Text(1),
        Owner = select.Text(2),
        Key = select.IsNull(3) ? null : select.Text(3),
        Fingerprint = select.Blob(4),
        State = (RequestState)select.Long(5),
        Holder = select.IsNull(6) ? null : select.Text(6),
        Attempt = (int)select.Long(7),
        IsAccepted = select.Long(8) != 0,
        AtMs = select.Long(9),
        DueMs = select.Long(10),
        EndsMs = select.Long(11),
        KeepMs = select.Long(12),
        Bytes = select.Long(13),
        Status = (int)select.Long(14),
        Why = select.IsNull(15) ? null : select.Text(15),
        Callback = select.IsNull(16) ? null : select.Text(16),
    };
}
