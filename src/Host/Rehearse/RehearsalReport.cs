using Mainstay.Core.Kinds;
using Mainstay.Core.Kinds.Observe;
using Mainstay.Core.Kinds.Schedule;

namespace Mainstay.Host.Rehearse;

/// <summary>What came of a rehearsal.</summary>
/// <param name="Title">What was rehearsed, in words.</param>
/// <param name="Seconds">How long, in virtual time.</param>
/// <param name="Seed">What its dice began with.</param>
/// <param name="Lines">What would happen, in order of time. At most 2000.</param>
/// <param name="More">How many lines were left out.</param>
/// <param name="Services">Who would be hurt, the worst first; services that would not are not listed.</param>
/// <param name="Routes">Which public routes would be hurt, likewise.</param>
/// <param name="Jobs">What would become of jobs that have something to do, those that are hurt first.</param>
/// <param name="Incidents">Which incidents would open, and what would be suggested or done.</param>
/// <param name="Objectives">What it would cost the objectives.</param>
/// <param name="Open">What would not be well at the end.</param>
/// <param name="Assumed">What it rests on.</param>
/// <param name="TookMs">How long it took to find out.</param>
public sealed record RehearsalReport(
    string Title, double Seconds, int Seed, IReadOnlyList<RehearsalLine> Lines, int More, IReadOnlyList<Hurt> Services, IReadOnlyList<Hurt> Routes, IReadOnlyList<RehearsedJob> Jobs,
    IReadOnlyList<RehearsedIncident> Incidents, IReadOnlyList<SpentBudget> Objectives,
    IReadOnlyList<string> Open, IReadOnlyList<string> Assumed, long TookMs);

/// <summary>Something that would happen.</summary>
/// <param name="At">Seconds from the beginning.</param>
/// <param name="Kind">What sort of thing.</param>
/// <param name="About">To what, as <c>kind/name</c>; empty where it is to everything.</param>
/// <param name="Text">For people.</param>
/// <param name="Severity">How much it matters.</param>
public sealed record RehearsalLine(double At, RehearsalStep Kind, string About, string Text, Severity Severity);

/// <summary>Sorts of things that happen in a rehearsal.</summary>
public enum RehearsalStep
{
    /// <summary>What was asked for.</summary>
    Cause,

    /// <summary>A host is lost.</summary>
    Host,

    /// <summary>An instance gets a host.</summary>
    Place,

    /// <summary>An instance starts, gets ready, ends or is tried again.</summary>
    Instance,

    /// <summary>An instance is taken out of service or forgotten.</summary>
    Retire,

    /// <summary>A route table changes.</summary>
    Table,

    /// <summary>A service enters another state.</summary>
    Service,

    /// <summary>A decision about the number of instances.</summary>
    Scale,

    /// <summary>A release goes on, or is given up.</summary>
    Release,

    /// <summary>Something that people would be told.</summary>
    Event,

    /// <summary>Other users of a public route are hurt than before, or more or fewer of them.</summary>
    Hurt,

    /// <summary>A run of a job, or a task of it, begins, ends or is tried again.</summary>
    Job,

    /// <summary>An incident opens, is understood otherwise, or is over.</summary>
    Incident,

    /// <summary>Something is suggested or done about an incident.</summary>
    Action,
}

/// <summary>Somebody who would be hurt. The shares are of all requests in the rehearsed time.</summary>
/// <param name="Name">The service or route.</param>
/// <param name="Criticality">How much the business depends on it.</param>
/// <param name="Without">Seconds without a ready instance; of a route, without any answer.</param>
/// <param name="Fails">Which share of the requests would fail, 0 to 1.</param>
/// <param name="Waits">Which share would be answered late.</param>
/// <param name="Lesser">Which share would get less: a fallback, or an answer without what is optional.</param>
/// <param name="Worst">The highest share that fails at one time.</param>
/// <param name="WorstAt">When that would be, in seconds.</param>
/// <param name="PerSecond">Requests per second; null where none are measured.</param>
/// <param name="Failed">How many requests would fail; null where it is not known how many there are.</param>
/// <param name="Through">Through which of its needs it is hurt the most; null where it is hurt by itself.</param>
public sealed record Hurt(
    string Name, Criticality Criticality, double Without, double Fails, double Waits, double Lesser, double Worst, double WorstAt, double? PerSecond, double? Failed, string? Through);

/// <summary>What a rehearsal would cost an objective.</summary>
/// <param name="Name">The objective.</param>
/// <param name="Route">Of which route.</param>
/// <param name="Spent">Which part of the errors that its window allows would be made, were there as many requests all the time; more than 1 is more than all of them.</param>
public sealed record SpentBudget(string Name, string Route, double Spent);

/// <summary>What would become of a job.</summary>
/// <param name="Name">The job.</param>
/// <param name="Succeeded">Runs that would succeed.</param>
/// <param name="Failed">Runs that would fail for good.</param>
/// <param name="Open">Runs that would be under way or wait at the end.</param>
/// <param name="LeftOut">Due runs that would not take place.</param>
/// <param name="LostTries">Tries of tasks that would be lost with their host.</param>
/// <param name="FailedTries">Tries of tasks that would fail otherwise.</param>
/// <param name="LostSeconds">For how long those tries had worked.</param>
/// <param name="Why">What became of the last of them; null where there is none.</param>
public sealed record RehearsedJob(string Name, int Succeeded, int Failed, int Open, int LeftOut, int LostTries, int FailedTries, double LostSeconds, string? Why)
{
    /// <summary>Whether anything of it would be lost, late or left out.</summary>
    public bool IsHurt => Failed + LeftOut + LostTries + FailedTries > 0;
}

/// <summary>An incident that would open.</summary>
/// <param name="Opens">When, in seconds.</param>
/// <param name="Ends">When it would be over; null where it goes on.</param>
/// <param name="Title">In one line.</param>
/// <param name="Criticality">The highest of what is hurt.</param>
/// <param name="Cause">What is taken for the cause, as <c>kind target</c>; empty where it is not known.</param>
/// <param name="Confidence">How sure of that, 0 to 1.</param>
/// <param name="Evidence">In words, the strongest first.</param>
/// <param name="Told">The receivers that would be told of it.</param>
/// <param name="Actions">What would be suggested or done about it.</param>
public sealed record RehearsedIncident(
    double Opens, double? Ends, string Title, Criticality Criticality, string Cause, double Confidence, IReadOnlyList<string> Evidence, IReadOnlyList<string> Told, IReadOnlyList<RehearsedAction> Actions);

/// <summary>What would be suggested or done about an incident.</summary>
/// <param name="State">Whether it is only suggested, and what came of it where it was done.</param>
/// <param name="At">When it would be done, in seconds; null where it is only suggested.</param>
/// <param name="Text">In words, with why.</param>
/// <param name="How">The command that does it; empty where no command does.</param>
/// <param name="Verdict">What came of it; empty where that is not known yet.</param>
public sealed record RehearsedAction(ActionState State, double? At, string Text, string How, string Verdict);
