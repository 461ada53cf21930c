using System.Diagnostics;
using System.Globalization;
using System.Text;
using Mainstay.State.Decide;
using Mainstay.State.Streams;
using Shouldly;
using Xunit;

namespace Mainstay.Tests.State;

/// <summary>A process that appends is killed again and again: what was acknowledged is there, at the version that was told, and no version is left out.</summary>
public sealed class StreamKillTests : IDisposable
{
    readonly TempFolder folder = new();

    public void Dispose() => folder.Dispose();

    [Fact]
    public Task Few_kills_lose_nothing() => KillAsync(rounds: 4, mostLines: 1_000);

    [Fact(Explicit = true)]
    public Task Two_hundred_kills_lose_nothing() => KillAsync(rounds: 200, mostLines: 2_000);

    async Task KillAsync(int rounds, int mostLines)
    {
        var random = new Random(rounds);
        var told = new Dictionary<(string Stream, long Version), string>();
        for (var round = 0; round < rounds; round++)
            await RoundAsync(round, random.Next(1, mostLines), told);

        await using var streams = EventStreams.Open(new() { Path = folder["streams.db"] });
        var found = new Dictionary<(string Stream, long Version), string>();
        var positions = new List<long>();
        for (var page = await ReadAsync(streams, 0); page.Events!.Count > 0; page = await ReadAsync(streams, page.Next))
        {
            foreach (var one in page.Events)
            {
                found.Add((one.Stream, one.Version), one.Type);
                positions.Add(one.Position);
            }
        }

        told.Count.ShouldBeGreaterThan(rounds);
        told.Where(t => found.GetValueOrDefault(t.Key) != t.Value).ShouldBeEmpty("acknowledged, and not there");
        positions.ShouldBe([.. positions.Order()]);
        foreach (var stream in found.GroupBy(f => f.Key.Stream))
        {
            stream.Select(s => s.Key.Version).Order().ShouldBe(Enumerable.Range(1, stream.Count()).Select(v => (long)v), $"versions of {stream.Key}");
            stream.Select(s => s.Value).ShouldBeUnique();
        }
    }

    static Task<ReadAnswer> ReadAsync(EventStreams streams, long after) => streams.ReadAsync(new() { After = after, Limit = 1000 }, TimeSpan.Zero, CancellationToken.None);

    async Task RoundAsync(int round, int lines, Dictionary<(string, long), string> told)
    {
        var start = new ProcessStartInfo(Path.Combine(AppContext.BaseDirectory, "Mainstay.Unit")) { RedirectStandardOutput = true };
        start.Environment[StreamProgram.Variable] = $"{round.ToString(CultureInfo.InvariantCulture)} {folder["streams.db"]}";
        foreach (var argument in new[] { "-explicit", "only", "-method", $"{typeof(StreamProgram).FullName}.{nameof(StreamProgram.Run)}" })
            start.ArgumentList.Add(argument);
        using var process = Process.Start(start)!;
        var count = 0;
        while (await process.StandardOutput.ReadLineAsync().WaitAsync(Until.Patience) is { } line)
        {
            // The last line may have been cut by the kill.
            if (line.Split(' ') is not [_, "stored", var stream, var version, var id, "."])
                continue;
            told.Add((stream, long.Parse(version, CultureInfo.InvariantCulture)), id);
            if (++count == lines)
                process.Kill();
        }

        await process.WaitForExitAsync();
        count.ShouldBeGreaterThanOrEqualTo(lines, $"round {round} ended by itself");
    }
}

/// <summary>What the killed process runs: six writers on three streams, each event a line once it is acknowledged.</summary>
public sealed class StreamProgram
{
    internal const string Variable = "MAINSTAY_TEST_STREAM_AT";

    [Fact(Explicit = true)]
    public async Task Run()
    {
        if (Environment.GetEnvironmentVariable(Variable)?.Split(' ', 2) is not [var round, var path])
        {
            Assert.Skip("it is the child process of another test");
            return;
        }

        await using var streams = EventStreams.Open(new() { Path = path });
        await using var output = Console.OpenStandardOutput();
        var printing = new Lock();
        // Far more than any test reads, yet not forever if the parent dies.
        await Task.WhenAll(Enumerable.Range(0, 6).Select(writer => Task.Run(async () =>
        {
            for (var number = 0; number < 100_000; number++)
            {
                var (stream, version) = ($"s-{writer % 3}", (await streams.FindAsync($"s-{writer % 3}", CancellationToken.None)).Stream?.Version ?? 0);
                NewEvent[] events = [.. Enumerable.Range(0, 1 + (number % 3)).Select(part => $"{round}-{writer}-{number}-{part}").Select(id => new NewEvent(id, id, "{}"u8.ToArray(), Encoding.ASCII.GetBytes(id)))];
                var answer = await streams.AppendAsync(stream, new(version), events, CancellationToken.None);
                if (answer.Status != StreamStatus.Done)
                    continue;
                lock (printing)
                    output.Write(Encoding.ASCII.GetBytes(string.Concat(events.Select((e, i) => $" stored {stream} {answer.First + i} {e.Id} .\n"))));
            }
        })));
    }
}
