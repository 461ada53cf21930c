using Mainstay.Core.Kinds.Observe;
using Mainstay.Host.Api.Telemetry;
using Mainstay.Observe.Correlate;
using Mainstay.Observe.Query.Prom;

namespace Mainstay.Host.Api.Observe;

/// <summary>How all rules stand.</summary>
public sealed record RulesView(DateTimeOffset At, IReadOnlyList<RuleStanding> Items);

/// <summary>Looks at the users' own rules every 15 s; without rules it does nothing.</summary>
public sealed class RuleKeeper(ServerServices services, Mirror mirror)
{
    const int EverySteps = 3;

    // So much may one rule read, and all of them together in one look.
    static readonly PromLimits Limits = new() { Samples = 5_000_000, Series = 10_000 };
    static readonly TimeSpan Patience = TimeSpan.FromSeconds(3);

    readonly RuleBook book = new();
    readonly StoreSource source = new(services.Samples);
    volatile RulesView view = new(default, []);
    long steps;

    /// <summary>As of the last look.</summary>
    public RulesView View() => view;

    /// <summary>The symptoms of those that fire. Called once a step.</summary>
    public IReadOnlyList<Symptom> Look(Picture seen)
    {
        var rules = mirror.Read(s => s.All<AlertRule>().OrderBy(r => r.Name, StringComparer.Ordinal).ToList());
        if (rules.Count == 0)
        {
            view = new(seen.At, []);
            return [];
        }

        // What has just been declared is not made to wait for the next look.
        if (steps++ % EverySteps == 0 || !rules.Select(r => (r.Name, r.Spec)).SequenceEqual(view.Items.Select(i => (i.Name, i.Spec))))
        {
            view = new(seen.At, Stand(rules, seen.At));
        }

        return [.. view.Items.Where(i => i.State == RuleState.Firing).Select(i => new Symptom($"alert/{i.Name}", SymptomKind.Rule, i.Spec.Severity, i.Text, i.Since!.Value, seen.Figures.Step, Deviation.Unknown(Figure.Rate)))];
    }

    /// <summary>Why a rule fires: what is found where it says to look, or nothing but itself.</summary>
    public Diagnosis Why(Symptom symptom, Picture seen) =>
        view.Items.FirstOrDefault(i => symptom.Subject == $"alert/{i.Name}")?.Spec.About is { } about
            ? Diagnose.Of(seen, symptom with { Subject = about })
            : new(symptom.Text, symptom.Since, [new(CauseKind.Unknown, symptom.Subject, 0, [new(symptom.Text)])]);

    List<RuleStanding> Stand(List<AlertRule> rules, DateTimeOffset now)
    {
        using var patience = new CancellationTokenSource(Patience, services.Time);
        var open = mirror.Read(s => s.All<Incident>().Where(i => i.State != IncidentState.Resolved).SelectMany(i => i.Symptoms).Select(i => i.Subject).ToHashSet(StringComparer.Ordinal));
        book.Keep(rules.Select(r => r.Name).ToHashSet(StringComparer.Ordinal));
        return [.. rules.Select(rule =>
        {
            var (answer, fault) = PromEngine.At(rule.Spec.Expr, source, now.ToUnixTimeMilliseconds(), Limits, patience.Token);
            return book.Take(rule, answer, fault?.ToString(), open.Contains($"alert/{rule.Name}"), now);
        })];
    }
}
