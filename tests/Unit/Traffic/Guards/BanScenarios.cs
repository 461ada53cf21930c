using System.Globalization;
using System.Net;
using System.Text;
using FsCheck;
using FsCheck.Fluent;
using Mainstay.Core.Kinds;
using Mainstay.Tests.Scenarios;
using Mainstay.Traffic.Policies;
using Shouldly;
using Xunit;

namespace Mainstay.Tests.Traffic.Guards;

/// <summary>Whole traces of who is banned for what, and what never happens whatever clients do.</summary>
public sealed class BanScenarios
{
    public static TheoryData<string> Files => ScenarioFile.In("bans");

    [Theory]
    [MemberData(nameof(Files))]
    public void Trace(string file) => ScenarioFile.Run(file, Run);

    [Fact]
    public void Nobody_is_banned_for_what_others_do() => Prop.ForAll(ArbMap.Default.ArbFor<(byte, byte, ushort)[]>(), steps =>
    {
        // 64 places for 200 clients that behave badly, and one that behaves.
        var (table, now) = (new BanTable(64, 7), 0L);
        var good = IpText.Of(IPAddress.Parse("192.0.2.1"));
        foreach (var (who, what, after) in steps)
        {
            now += after % 500;
            table.Note(IpText.FromIPv4(0x0A000000u + (uint)who % 200), Sight.Error | (Sight)(what & 6), what, Terms, now, out _);
            table.Note(good, Sight.Plain, 0, Terms, now, out var ban).ShouldBeFalse();
            table.LeftMs(good, now).ShouldBe(0);
            table.Banned.ShouldBeLessThanOrEqualTo(64);
            _ = ban;
        }
    }).QuickCheckThrowOnFailure();

    [Fact]
    public void A_ban_ends_in_time_and_none_is_longer_than_the_longest() => Prop.ForAll(ArbMap.Default.ArbFor<(byte, ushort)[]>(), steps =>
    {
        var (table, now) = (new BanTable(64, 7), 1L);
        var until = new Dictionary<UInt128, long>();
        foreach (var (who, after) in steps)
        {
            now += after;
            var client = IpText.FromIPv4(0x0A000000u + (uint)who % 4);
            table.TakeEnded(now).ShouldAllBe(ban => ban.UntilMs <= now);
            if (table.Note(client, Sight.Error | Sight.Failure, 0, Terms, now, out var ban))
            {
                (ban.UntilMs - now).ShouldBeInRange(Terms.ForMs, Terms.LongestMs);
                until[client] = ban.UntilMs;
            }
            table.LeftMs(client, now).ShouldBe(Math.Max(0, until.GetValueOrDefault(client) - now));
            table.LeftMs(client, until.GetValueOrDefault(client)).ShouldBe(0);
        }
        table.TakeEnded(long.MaxValue / 2);
        table.Banned.ShouldBe(0);
    }).QuickCheckThrowOnFailure();

    [Fact]
    public void Who_is_banned_is_not_forgotten_while_others_come_and_go()
    {
        var table = new BanTable(1024, 3);
        var bad = IpText.Of(IPAddress.Parse("192.0.2.66"));
        for (var time = 0; time < Terms.Failures; time++) table.Note(bad, Sight.Error | Sight.Failure, 0, Terms, 0, out _);
        for (var who = 0u; who < 100_000; who++) table.Note(IpText.FromIPv4(who), Sight.Plain, 0, Terms, 1, out _);
        table.LeftMs(bad, 2).ShouldBe(Terms.ForMs - 2);
        table.Banned.ShouldBe(1);
        table.Displaced.ShouldBeGreaterThan(90_000);
    }

    static BanTerms Terms { get; } = new() { WindowMs = 10_000, Failures = 3, Missing = 5, Errors = 0.5, Minimum = 4, ForMs = 1000, LongestMs = 8000 };

    static string Run(ScenarioStep step)
    {
        step.Words[0].ShouldBe("bans");
        var words = step.Words.ToDictionary(word => word.Split('=')[0], word => word.Split('=')[^1]);
        var terms = new BanTerms
        {
            WindowMs = Ms(words.GetValueOrDefault("window", "1m")),
            Requests = Number(words, "requests"),
            Errors = Number(words, "errors") / 100.0,
            Minimum = Math.Max(1, Number(words, "minimum")),
            Missing = Number(words, "missing"),
            Failures = Number(words, "failures"),
            ForMs = Ms(words.GetValueOrDefault("for", "1m")),
            LongestMs = Ms(words.GetValueOrDefault("longest", "1h")),
        };
        var table = new BanTable(words.TryGetValue("clients", out var clients) ? int.Parse(clients, CultureInfo.InvariantCulture) : 64, 1);
        var trace = new StringBuilder();
        var paths = 0UL;
        foreach (var line in step.Input.Split('\n'))
        {
            // TIME ADDRESS [error|missing|same|failure] [xTIMES], or TIME free ADDRESS
            var parts = line.Split(' ');
            var now = Ms(parts[0]);
            foreach (var ended in table.TakeEnded(now)) trace.Append(CultureInfo.InvariantCulture, $"{parts[0]} {ended.Who} may come again\n");
            if (parts[1] == "free")
            {
                var free = new IpRanges([parts[2]]);
                foreach (var released in table.Release(free.Contains)) trace.Append(CultureInfo.InvariantCulture, $"{parts[0]} {released.Who} is free\n");
                continue;
            }
            var address = IpText.Of(IPAddress.Parse(parts[1]));
            var times = parts.FirstOrDefault(part => part.StartsWith('x')) is { } many ? int.Parse(many[1..], CultureInfo.InvariantCulture) : 1;
            var sight = parts.Contains("missing") || parts.Contains("same") ? Sight.Error | Sight.Missing : parts.Contains("failure") ? Sight.Error | Sight.Failure : parts.Contains("error") ? Sight.Error : Sight.Plain;
            for (var time = 1; time <= times; time++)
            {
                if (!table.Note(address, sight, parts.Contains("same") ? 0 : KeyHash.Mix(++paths), terms, now, out var ban)) continue;
                trace.Append(CultureInfo.InvariantCulture, $"{parts[0]} {ban.Who} at its {time}.: {ban.Offence} {ban.Count} of {ban.Requests}, for {Length(ban.UntilMs - now)}, time {ban.Time}\n");
            }
            var left = table.LeftMs(address, now);
            trace.Append(CultureInfo.InvariantCulture, $"{line}: {(left == 0 ? "passes" : $"banned for another {Length(left)}")}\n");
        }
        return trace.ToString();
    }

    static int Number(Dictionary<string, string> words, string name) => int.Parse(words.GetValueOrDefault(name, "0"), CultureInfo.InvariantCulture);

    static long Ms(string text) => Durations.TryParse(text, out var value) ? (long)value.TotalMilliseconds : throw new FormatException(text);

    static string Length(long ms) => Durations.Format(TimeSpan.FromMilliseconds(ms));
}
