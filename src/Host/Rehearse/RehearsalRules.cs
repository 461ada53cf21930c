using System.Globalization;
using Mainstay.Core.Kinds;
using Mainstay.Core.Kinds.Schedule;
using Mainstay.Core.Reconcile;
using HostRecord = Mainstay.Core.Kinds.Schedule.Host;

namespace Mainstay.Host.Rehearse;

/// <summary>Finds everything that is wrong with what is asked for, at once.</summary>
public static class RehearsalRules
{
    const int MostNames = 1000;
    static readonly TimeSpan Longest = TimeSpan.FromHours(1);

    /// <summary>The words by which rehearsals are asked for.</summary>
    public static IReadOnlyDictionary<string, RehearsalKind> Words { get; } = new Dictionary<string, RehearsalKind>(StringComparer.Ordinal)
    {
        ["host-down"] = RehearsalKind.HostDown,
        ["instance-down"] = RehearsalKind.InstanceDown,
        ["service-down"] = RehearsalKind.ServiceDown,
        ["release"] = RehearsalKind.Release,
        ["traffic"] = RehearsalKind.Traffic,
    };

    /// <summary>The terms, or what is wrong with them.</summary>
    public static (RehearsalTerms? Terms, IReadOnlyList<Problem> Problems) Read(RehearsalAsk ask, Snapshot seen)
    {
        var problems = new List<Problem>();
        if (!Words.TryGetValue(ask.What, out var kind))
        {
            return (null, [new("what", $"'{ask.What}' cannot be rehearsed", $"write one of {string.Join(", ", Words.Keys)}")]);
        }

        var terms = new RehearsalTerms { Kind = kind, Names = [.. ask.Names.Distinct(StringComparer.Ordinal)], Seed = ask.Seed };
        problems.AddRange(NameProblems(kind, terms.Names, seen));
        problems.AddRange(Foreign(ask, kind));
        if (kind == RehearsalKind.Release)
        {
            terms = Release(ask, terms, seen, problems);
        }

        if (kind == RehearsalKind.Traffic)
        {
            terms = terms with { Factor = Times("factor", ask.Factor ?? "", 0, 1000, problems) };
        }

        if (ask.For is { } text)
        {
            var fits = Durations.TryParse(text, out var span) && span >= TimeSpan.FromSeconds(1) && span <= Longest;
            problems.AddRange(fits ? [] : [new("for", $"'{text}' is not a duration of 1s to 1h", "write for example 5m")]);
            terms = terms with { For = fits ? span : terms.For };
        }

        return problems.Count > 0 ? (null, problems) : (terms with { Title = Title(ask, terms) }, []);
    }

    static string Title(RehearsalAsk ask, RehearsalTerms terms) => terms.Kind switch
    {
        RehearsalKind.Traffic => $"traffic {ask.Factor}",
        RehearsalKind.Release => $"release {terms.Names[0]} {terms.Version}{(terms.Errors is { } errors ? $" with {Share.Percent(errors * 100)} errors" : "")}{(ask.Slow is { } slow ? $" that takes {slow[1..]} times as long" : "")}",
        _ => $"{ask.What} {string.Join(' ', terms.Names.Take(5))}{(terms.Names.Count > 5 ? $" and {terms.Names.Count - 5} more" : "")}",
    };

    static RehearsalTerms Release(RehearsalAsk ask, RehearsalTerms terms, Snapshot seen, List<Problem> problems)
    {
        if (!SemanticVersion.TryParse(ask.Version ?? "", out _))
        {
            problems.Add(new("version", $"'{ask.Version}' is not a semantic version", "write MAJOR.MINOR.PATCH, for example 1.4.0"));
        }
        else if (terms.Names is [var name] && seen.Get<Service>(name) is { } service && service.Spec.Version == ask.Version)
        {
            problems.Add(new("version", $"{name} is declared at {ask.Version} already", "name another version"));
        }

        var errors = Share.TryParse(ask.ErrorRate, out var share);
        if (ask.ErrorRate is { } wrong && !errors)
        {
            problems.Add(new("errorRate", $"'{wrong}' is not a share", "write 0% to 100%, for example 5%"));
        }

        var rate = Core.Kinds.Rate.TryParse(ask.Rate, out var assumed);
        if (ask.Rate is { } no && !rate)
        {
            problems.Add(new("rate", $"'{no}' is not a rate", "write for example 50/s"));
        }

        return terms with
        {
            Version = ask.Version ?? "",
            Errors = errors ? share.Fraction : null,
            Rate = rate ? assumed.PerSecond : null,
            Slow = ask.Slow is { } slow ? Times("slow", slow, 0.1, 100, problems) : 1,
        };
    }

    static IEnumerable<Problem> NameProblems(RehearsalKind kind, IReadOnlyList<string> names, Snapshot seen)
    {
        if (kind == RehearsalKind.Traffic)
        {
            return names.Count == 0 ? [] : [new("names", "traffic grows everywhere", "leave the names out")];
        }

        var (noun, plural, known) = kind switch
        {
            RehearsalKind.HostDown => ("host", "hosts", seen.All<HostRecord>().Select(h => h.Name)),
            RehearsalKind.InstanceDown => ("instance", "instances", seen.All<Instance>().Select(i => i.Name)),
            _ => ("service", "services", seen.All<Service>().Where(s => !s.Removed).Select(s => s.Name)),
        };
        if (names.Count == 0 || names.Count > (kind == RehearsalKind.Release ? 1 : MostNames))
        {
            var most = kind == RehearsalKind.Release ? "one" : $"1 to {MostNames}";
            return [new("names", $"{names.Count} {plural} are named", $"name {most}; 'mainstay get {plural}' lists them")];
        }

        var all = known.ToHashSet(StringComparer.Ordinal);
        return names.Where(n => !all.Contains(n)).Select(n => new Problem(
            "names", $"there is no {noun} '{n}'", Nearest.To(n, all) is { } near ? $"'{near}' may be meant; 'mainstay get {plural}' lists them" : $"'mainstay get {plural}' lists them"));
    }

    // What would be passed over in silence is an error.
    static IEnumerable<Problem> Foreign(RehearsalAsk ask, RehearsalKind kind) =>
        new (string Name, string? Given, RehearsalKind Of)[]
        {
            ("version", ask.Version, RehearsalKind.Release), ("errorRate", ask.ErrorRate, RehearsalKind.Release), ("slow", ask.Slow, RehearsalKind.Release), ("rate", ask.Rate, RehearsalKind.Release),
            ("factor", ask.Factor, RehearsalKind.Traffic),
        }
        .Where(f => f.Given is not null && f.Of != kind)
        .Select(f => new Problem(f.Name, $"'{f.Name}' says nothing about {ask.What}", $"leave it out, or rehearse {Words.First(w => w.Value == f.Of).Key}"));

    static double Times(string path, string text, double least, double most, List<Problem> problems)
    {
        if (text is ['x', .. var number] && double.TryParse(number, NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out var times) && times >= least && times <= most)
        {
            return times;
        }

        problems.Add(new(path, text.Length == 0 ? "it is not said how many times as much" : $"'{text}' is no factor", string.Create(CultureInfo.InvariantCulture, $"write x{least} to x{most}, for example x2")));
        return 1;
    }
}
