using System.Globalization;
using Mainstay.Host.Api.Observe;
using Mainstay.Observe.Correlate;

namespace Mainstay.Host.Api.Autoscale;

/// <summary>
/// Finds out whether what makes a service slow lies in what it calls: then more instances would only ask that more. Observe's cause decides; where it has none yet, because it wants to be sure, what can be seen at
/// once does: most of the service's time is spent waiting for something that answers slower than it did. Not safe for several callers at a time.
/// </summary>
sealed class DownstreamCause(ScalingEyes eyes, Correlator correlator)
{
    /// <summary>What takes at least this part of a service's time can be why it is slow.</summary>
    public const double MostOfIt = 0.5;

    /// <summary>Slower is what takes this many times as long as usual.</summary>
    public const double Slower = 1.5;

    // Seconds of figures until something is known to be usual, and the weight of a second.
    const int Least = 10;
    const double Weight = 1.0 / 60;

    // What stays slow for so many seconds is usual from then on.
    const int Patience = 900;
    const double LeastMs = 5;

    readonly Dictionary<(string From, string To), Habit> habits = [];

    /// <summary>Notes how fast a service's callees answer; called once a second.</summary>
    public void Note(string service)
    {
        foreach (var (callee, of) in eyes.Calls(service))
        {
            var habit = habits.TryGetValue((service, callee), out var known) ? known : habits[(service, callee)] = new();
            habit.Take(of.MeanMs);
        }
    }

    /// <summary>What it is, in words; null where it does not lie downstream.</summary>
    /// <param name="service">Of which.</param>
    /// <param name="inFlight">Its requests in flight.</param>
    public string? Of(string service, double inFlight)
    {
        if (correlator.Why($"service/{service}") is { Symptom: not null, Causes: [var cause, ..] } && LiesBelow(service, cause))
        {
            return cause.Evidence.Count > 0 ? $"{cause.Target}, {cause.Evidence[0].Text}" : cause.Target;
        }

        foreach (var (callee, of) in eyes.Calls(service).OrderByDescending(c => ScalingEyes.InFlight(c.Figures)))
        {
            var part = inFlight > 0 ? Math.Min(1, ScalingEyes.InFlight(of) / inFlight) : 0;
            if (part >= MostOfIt && Usual(service, callee) is { } usual && of.MeanMs >= usual * Slower && of.MeanMs - usual >= LeastMs)
            {
                return string.Create(CultureInfo.InvariantCulture, $"{callee} answers in {of.MeanMs:0} ms ({usual:0} ms is usual), and {service} spends {part * 100:0}% of its time waiting for it");
            }
        }

        return null;
    }

    /// <summary>Forgets services that no longer scale.</summary>
    public void Keep(IReadOnlySet<string> names)
    {
        foreach (var gone in habits.Keys.Where(k => !names.Contains(k.From)).ToArray())
        {
            habits.Remove(gone);
        }
    }

    double? Usual(string service, string callee) =>
        habits.TryGetValue((service, callee), out var habit) && habit.Seconds >= Least ? habit.Usual : correlator.Usual(Subjects.Edge(service, callee), Figure.MeanMs);

    static bool LiesBelow(string service, Cause cause) => cause.Kind switch
    {
        CauseKind.SlowStatement or CauseKind.RowLock or CauseKind.DatabaseDown or CauseKind.CacheDown or CauseKind.QueueDown or CauseKind.ConnectionPool or CauseKind.SlowStore or CauseKind.External => true,
        CauseKind.Unknown or CauseKind.Backlog => false,
        _ => cause.Target.StartsWith("service/", StringComparison.Ordinal) ? cause.Target != $"service/{service}"
            : cause.Target.StartsWith("instance/", StringComparison.Ordinal) && !cause.Target.StartsWith($"instance/{service}-", StringComparison.Ordinal),
    };

    sealed class Habit
    {
        int slow;

        public int Seconds { get; private set; }

        public double Usual { get; private set; }

        public void Take(double ms)
        {
            if (Seconds >= Least && ms >= Usual * Slower && slow < Patience)
            {
                slow++;
                return;
            }

            slow = 0;
            Usual = Seconds == 0 ? ms : Usual + ((ms - Usual) * Math.Max(Weight, 1.0 / (Seconds + 1)));
            Seconds++;
        }
    }
}
