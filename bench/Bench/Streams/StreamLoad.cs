using System.Diagnostics;
using System.Globalization;
using Mainstay.State.Decide;
using Mainstay.State.Streams;
using Npgsql;

namespace Mainstay.Bench.Streams;

/// <summary>Events appended durably, each with the version that its stream is expected to have: the embedded engine, and a table of PostgreSQL, in alternating rounds.</summary>
static class StreamLoad
{
    const int Bytes = 256;

    public static async Task<int> RunAsync(string[] args)
    {
        string? Given(string name) => Array.IndexOf(args, name) is >= 0 and var at && at + 1 < args.Length ? args[at + 1] : null;
        int Number(string name, int absent) => int.Parse(Given(name) ?? absent.ToString(CultureInfo.InvariantCulture), CultureInfo.InvariantCulture);
        var (path, postgres, rounds, seconds) = (Given("--path") ?? Path.GetTempPath(), Given("--postgres"), Number("--rounds", 3), Number("--seconds", 4));
        foreach (var writers in new[] { 1, 16, 64 })
        {
            for (var round = 1; round <= rounds; round++)
            {
                var own = await EmbeddedAsync(Path.Combine(path, $"streams-{writers}-{round}.db"), writers, seconds);
                Console.WriteLine($"{writers} writers, round {round}: embedded {own:n0} events/s, one to a request");
                if (postgres is not null)
                {
                    var peer = await PostgresAsync(postgres, writers, seconds);
                    Console.WriteLine($"{writers} writers, round {round}: PostgreSQL {peer:n0} events/s, embedded is {own / Math.Max(1, peer):0.00} times that");
                }
            }
        }

        return 0;
    }

    static async Task<double> EmbeddedAsync(string file, int writers, int seconds)
    {
        await using var streams = EventStreams.Open(new() { Path = file });
        var body = new byte[Bytes];
        return await MeasureAsync(writers, seconds, async (writer, version) =>
        {
            var id = $"/bench\n{writer}-{version}";
            if ((await streams.AppendAsync($"stream-{writer}", new ExpectedVersion(version), [new(id, "made", "{}"u8.ToArray(), body)], CancellationToken.None)).Status != StreamStatus.Done) throw new InvalidOperationException("an event was refused");
        });
    }

    static async Task<double> PostgresAsync(string postgres, int writers, int seconds)
    {
        await using var source = NpgsqlDataSource.Create(postgres + $";Maximum Pool Size={writers + 1}");
        await using (var setup = source.CreateCommand("DROP TABLE IF EXISTS events; CREATE TABLE events (position BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY, stream TEXT NOT NULL, version BIGINT NOT NULL, id TEXT NOT NULL, type TEXT NOT NULL, head BYTEA NOT NULL, body BYTEA NOT NULL, UNIQUE (stream, version), UNIQUE (stream, id))"))
        {
            await setup.ExecuteNonQueryAsync();
        }

        var body = new byte[Bytes];
        var connections = await Task.WhenAll(Enumerable.Range(0, writers).Select(async _ => await source.OpenConnectionAsync()));
        var rate = await MeasureAsync(writers, seconds, async (writer, version) =>
        {
            await using var insert = new NpgsqlCommand("INSERT INTO events (stream, version, id, type, head, body) VALUES ($1, $2, $3, 'made', $4, $5)", connections[writer]);
            insert.Parameters.AddRange(new NpgsqlParameter[] { new() { Value = $"stream-{writer}" }, new() { Value = version + 1 }, new() { Value = $"{writer}-{version}" }, new() { Value = "{}"u8.ToArray() }, new() { Value = body } });
            await insert.PrepareAsync();
            await insert.ExecuteNonQueryAsync();
        });
        foreach (var connection in connections) await connection.DisposeAsync();
        return rate;
    }

    static async Task<double> MeasureAsync(int writers, int seconds, Func<int, long, Task> append)
    {
        using var stop = new CancellationTokenSource();
        var appended = 0L;
        var running = Enumerable.Range(0, writers).Select(writer => Task.Run(async () =>
        {
            for (var version = 0L; !stop.IsCancellationRequested; version++)
            {
                await append(writer, version);
                Interlocked.Increment(ref appended);
            }
        })).ToArray();
        await Task.Delay(TimeSpan.FromSeconds(1), TimeProvider.System);
        var (before, began) = (Interlocked.Read(ref appended), Stopwatch.GetTimestamp());
        await Task.Delay(TimeSpan.FromSeconds(seconds), TimeProvider.System);
        var rate = (Interlocked.Read(ref appended) - before) / Stopwatch.GetElapsedTime(began).TotalSeconds;
        await stop.CancelAsync();
        await Task.WhenAll(running);
        return rate;
    }
}
