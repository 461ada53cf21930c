using System.Globalization;
using Mainstay.Core.Kinds.State;
using Mainstay.State.Decide;
using Mainstay.Tests.Scenarios;
using Xunit;

namespace Mainstay.Tests.State;

/// <summary>
/// The order of a queue. Commands: <c>queue</c> with terms, <c>at SECONDS</c>, <c>add ID [key=K] [priority=N] [delay=SECONDS]</c>, <c>take N</c>,
/// <c>ack ID</c>, <c>retry ID [SECONDS]</c>, <c>dead ID</c>, <c>extend ID SECONDS</c>, <c>remove ID</c>, <c>show</c>.
/// </summary>
public sealed class QueueScenarios
{
    QueueBook book = new(new());
    long nowMs;

    public static TheoryData<string> Files => ScenarioFile.In("queue");

    [Theory]
    [MemberData(nameof(Files))]
    public void Every_command_gives_its_recorded_trace(string file) => ScenarioFile.Run(file, Run);

    string Run(ScenarioStep step)
    {
        var words = step.Words;
        switch (words[0])
        {
            case "queue":
                book = new(Terms(words));
                nowMs = 0;
                break;
            case "at":
                nowMs = Ms(words[1]);
                List<QueuedMessage> changed = [], dropped = [];
                book.Due(nowMs, changed, dropped);
                return string.Join('\n', changed.Select(m => $"{m.Id} {Standing(m)}: {m.Why}").Concat(dropped.Select(m => $"{m.Id} dropped")).Append(Line()));
            case "add":
                book.Add(new() { Id = long.Parse(words[1]), AtMs = nowMs, Bytes = 100, Key = Given(words, "key"), Priority = int.Parse(Given(words, "priority") ?? "0") }, nowMs + Ms(Given(words, "delay") ?? "0"), nowMs);
                break;
            case "take":
                List<QueuedMessage> taken = [];
                book.Take(int.Parse(words[1]), nowMs + (long)book.Terms.Visibility.TotalMilliseconds, taken);
                return (taken.Count == 0 ? "nothing" : string.Join(", ", taken.Select(m => QueueDecide.ReceiptOf(m.Id, m.Attempts)))) + "\n" + Line();
            case "show":
                return string.Join('\n', book.Living.Concat(book.Letters).Select(m => $"{m.Id} {Standing(m)}{(m.Why is null ? "" : ": " + m.Why)}"));
            default:
                return End(words);
        }

        return Line();
    }

    string End(string[] words)
    {
        var message = book.Find(long.Parse(words[1]))!;
        switch (words[0])
        {
            case "ack" or "remove":
                book.Remove(message, nowMs);
                return Line();
            case "retry":
                book.Fail(message, nowMs, words.Length > 2 ? Ms(words[2]) : null, "given back");
                break;
            case "dead":
                book.Kill(message, nowMs, "cannot be read");
                break;
            case "extend":
                book.Extend(message, nowMs + Ms(words[2]));
                break;
        }

        return $"{message.Id} {Standing(message)}\n{Line()}";
    }

    string Standing(QueuedMessage message) => message.State switch
    {
        MessageState.Later or MessageState.InFlight => $"{Word(message)} until {message.DueMs / 1000.0:0.###}s",
        _ => Word(message),
    };

    static string Word(QueuedMessage message) => message.State.ToString().ToLowerInvariant();

    string Line() => $"{book.Ready} ready, {book.Waiting} waiting, {book.InFlight} in flight, {book.Dead} dead, {book.Bytes} bytes, next at {(book.NextMs == long.MaxValue ? "-" : $"{book.NextMs / 1000.0:0.###}s")}";

    static MessageQueueSpec Terms(string[] words) => new()
    {
        Retention = TimeSpan.FromSeconds(double.Parse(Given(words, "retention") ?? "3600", CultureInfo.InvariantCulture)),
        Visibility = TimeSpan.FromSeconds(double.Parse(Given(words, "visibility") ?? "30", CultureInfo.InvariantCulture)),
        DeadLetterAfter = int.Parse(Given(words, "dead") ?? "3"),
        Backoff = TimeSpan.FromSeconds(double.Parse(Given(words, "backoff") ?? "1", CultureInfo.InvariantCulture)),
        BackoffMost = TimeSpan.FromSeconds(60),
    };

    static string? Given(string[] words, string name) => words.FirstOrDefault(w => w.StartsWith(name + "=", StringComparison.Ordinal))?[(name.Length + 1)..];

    static long Ms(string seconds) => (long)(double.Parse(seconds, CultureInfo.InvariantCulture) * 1000);
}
