using System.Diagnostics;
using System.Globalization;
using System.Text;
using Mainstay.Core.Kinds.State;
using Mainstay.State.Queues;
using Mainstay.State.Queues.Rabbit;
using Shouldly;
using Xunit;

namespace Mainstay.Tests.State;

/// <summary>A process that publishes and consumes is killed again and again: what was confirmed is delivered, in the order of its key, and no dead letter is lost.</summary>
public sealed class QueueKillTests : IDisposable
{
    readonly TempFolder folder = new();

    public void Dispose() => folder.Dispose();

    [Fact]
    public Task Few_kills_lose_nothing() => new QueueKills(folder["queues.db"]).RunAsync(rounds: 4, mostLines: 2_000);

    [Fact(Explicit = true)]
    public Task Two_hundred_kills_lose_nothing() => new QueueKills(folder["queues.db"]).RunAsync(rounds: 200, mostLines: 2_000);
}

/// <summary>The same with the messages in RabbitMQ, which is killed too.</summary>
[Collection(RabbitTests.Name)]
public sealed class RabbitKillTests(RabbitServer server)
{
    [Fact]
    public Task Few_kills_lose_nothing() => KillAsync(rounds: 3);

    [Fact(Explicit = true)]
    public Task Thirty_kills_lose_nothing() => KillAsync(rounds: 30);

    [Fact(Explicit = true)]
    public Task Two_hundred_kills_lose_nothing() => KillAsync(rounds: 200);

    Task KillAsync(int rounds) => new QueueKills($"{server.Address} {server.Options().Prefix}", async () =>
    {
        await server.KillAsync();
        await server.StartAsync();
    }).RunAsync(rounds, mostLines: 600);
}

/// <summary>Rounds of kills, and what holds after them.</summary>
/// <param name="where">Where the messages are, as <see cref="QueueProgram"/> is told.</param>
/// <param name="breakBroker">Kills the broker and starts it again; each third round does that before the process is killed. Null where there is none.</param>
sealed class QueueKills(string where, Func<Task>? breakBroker = null)
{
    public async Task RunAsync(int rounds, int mostLines)
    {
        var random = new Random(rounds);
        var (confirmed, delivered, dead) = (new HashSet<(string, long)>(), new List<(string Key, long Number)>(), new HashSet<(string, long)>());
        for (var round = 0; round < rounds; round++)
            await RoundAsync(round, random.Next(1, mostLines), confirmed, delivered, dead);

        // What is left is taken here, with the same file.
        await using (var engine = QueueProgram.Open(where))
        {
            await engine.PeekAsync("load", null, 0, 1, CancellationToken.None);
            while (engine.Figures() is not [{ Ready: 0, Waiting: 0, InFlight: 0 }])
            {
                var pulled = (await engine.PullAsync("load", new(100, TimeSpan.FromSeconds(5)), CancellationToken.None)).Messages!;
                delivered.AddRange(pulled.Select(QueueProgram.Read));
                await engine.SettleAsync("load", [.. pulled.Select(m => new Settlement(m.Receipt, SettleAs.Ack))], CancellationToken.None);
            }

            var letters = new HashSet<(string, long)>();
            for (var after = 0L; (await engine.PeekAsync("load", Mainstay.State.Decide.MessageState.Dead, after, 100, CancellationToken.None)).Messages is { Count: > 0 } page; after = page[^1].Id)
                letters.UnionWith(page.Select(QueueProgram.Read));
            dead.Except(letters).ShouldBeEmpty("dead letters that were confirmed");
            dead.Count.ShouldBeGreaterThan(0);
        }

        confirmed.Count.ShouldBeGreaterThan(rounds);
        confirmed.Except(delivered).ShouldBeEmpty("confirmed, and never delivered");
        foreach (var key in delivered.GroupBy(d => d.Key))
        {
            List<long> first = [.. key.Select(d => d.Number).Distinct()];
            first.ShouldBe([.. first.Order()], $"the order of {key.Key}");
        }
    }

    async Task RoundAsync(int round, int lines, HashSet<(string, long)> confirmed, List<(string Key, long Number)> delivered, HashSet<(string, long)> dead)
    {
        var start = new ProcessStartInfo(Path.Combine(AppContext.BaseDirectory, "Mainstay.Unit")) { RedirectStandardOutput = true };
        start.Environment[QueueProgram.Variable] = $"{round.ToString(CultureInfo.InvariantCulture)} {where}";
        foreach (var argument in new[] { "-explicit", "only", "-method", $"{typeof(QueueProgram).FullName}.{nameof(QueueProgram.Run)}" })
            start.ArgumentList.Add(argument);
        using var process = Process.Start(start)!;
        var count = 0;
        while (await process.StandardOutput.ReadLineAsync().WaitAsync(Until.Patience) is { } line)
        {
            // The last line may have been cut by the kill.
            if (line.Split(' ') is not [_, var what, var key, var number, "."])
                continue;
            var message = (key, long.Parse(number, CultureInfo.InvariantCulture));
            if (what == "got")
                delivered.Add(message);
            else
                (what == "dead" ? dead : confirmed).Add(message);
            if (++count == lines / 2 && breakBroker is not null && round % 3 == 2)
                await breakBroker();
            if (count == lines)
                process.Kill();
        }

        await process.WaitForExitAsync();
        count.ShouldBeGreaterThanOrEqualTo(lines, $"round {round} ended by itself");
    }
}

/// <summary>What the killed process runs: six producers of a key each, three consumers; each step a line once it is confirmed.</summary>
public sealed class QueueProgram
{
    internal const string Variable = "MAINSTAY_TEST_QUEUE_AT";

    [Fact(Explicit = true)]
    public async Task Run()
    {
        if (Environment.GetEnvironmentVariable(Variable)?.Split(' ', 2) is not [var round, var path])
        {
            Assert.Skip("it is the child process of another test");
            return;
        }

        await using var engine = Open(path);
        await using var output = Console.OpenStandardOutput();
        var printing = new Lock();
        void Say(string what, string key, long number)
        {
            lock (printing)
                output.Write(Encoding.ASCII.GetBytes($" {what} {key} {number.ToString(CultureInfo.InvariantCulture)} .\n"));
        }

        // Far more than any test reads, yet not forever if the parent dies.
        var first = long.Parse(round, CultureInfo.InvariantCulture) * 1_000_000;
        var producers = Enumerable.Range(0, 6).Select(p => Task.Run(async () =>
        {
            for (var number = first; number < first + 100_000; number++)
            {
                var key = $"k{p}";
                var body = Encoding.ASCII.GetBytes(number.ToString(CultureInfo.InvariantCulture));
                if ((await engine.PublishAsync(new("load"), [new() { Key = key, Head = "{}"u8.ToArray(), Body = body }], CancellationToken.None)).Status == QueueStatus.Done)
                    Say("sent", key, number);
            }
        }));
        var consumers = Enumerable.Range(0, 3).Select(_ => Task.Run(async () =>
        {
            while (true)
            {
                if ((await engine.PullAsync("load", new(10, TimeSpan.FromSeconds(10)), CancellationToken.None)).Messages is not { } pulled)
                    continue;
                foreach (var message in pulled)
                    Say("got", Read(message).Key, Read(message).Number);
                if (await engine.SettleAsync("load", [.. pulled.Select(m => new Settlement(m.Receipt, IsDead(m) ? SettleAs.Dead : SettleAs.Ack))], CancellationToken.None) is not { Status: QueueStatus.Done, Gone.Count: 0 })
                    continue;
                foreach (var message in pulled.Where(IsDead))
                    Say("dead", Read(message).Key, Read(message).Number);
            }
        }));
        await Task.WhenAll([.. producers, .. consumers]);
    }

    /// <summary>Opens what is in a file, or in a RabbitMQ under names that begin in a certain way.</summary>
    internal static IQueueEngine Open(string where)
    {
        IQueueEngine engine = where.Split(' ') is [var amqp, var prefix] && RabbitAddress.Parse(amqp, out _) is { } address
            ? RabbitQueues.Open(new() { Address = address, Prefix = prefix, Patience = TimeSpan.FromSeconds(20) }) : EmbeddedQueues.Open(new() { Path = where });
        engine.Declare(new Dictionary<string, MessageQueueSpec> { ["load"] = new() { Visibility = TimeSpan.FromSeconds(1), Backoff = TimeSpan.Zero, DeadLetterAfter = 1000, MaxMessages = 1_000_000 } });
        return engine;
    }

    internal static (string Key, long Number) Read(StoredMessage message) => (message.Key!, long.Parse(Encoding.ASCII.GetString(message.Body.Span), CultureInfo.InvariantCulture));

    // Some make no sense.
    static bool IsDead(StoredMessage message) => Read(message).Number % 17 == 0;
}
