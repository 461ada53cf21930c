using System.Globalization;
using Mainstay.Core.Kinds.Schedule;
using Mainstay.Observe.Judge;
using Mainstay.Observe.Numbers;
using Mainstay.Observe.Query.Prom;
using Mainstay.Traffic.Path;

namespace Mainstay.Host.Api.Observe;

/// <summary>What is known of one release that is judged. Not safe for several callers at a time.</summary>
public sealed class JudgedRelease
{
    /// <summary>Stands in a query for the names of a version's instances, as a regular expression.</summary>
    public const string Instances = "$instances";

    // So far back before the release it is looked what was usual.
    static readonly TimeSpan Usual = TimeSpan.FromMinutes(5);

    readonly JudgeTerms terms;
    readonly ReleaseComparison comparison;
    readonly (JudgeQuery Query, QueryComparison Comparison)[] queries;
    readonly HarmDownstream calls;
    readonly HarmDownstream statements;
    HashSet<string> news = [];
    string[] olds = [];
    VersionFigures oldBatch = new(LatencyBuckets.Count);
    VersionFigures newBatch = new(LatencyBuckets.Count);
    long oldAsked;
    bool? newIsOther;
    ReleaseWatch? watch;
    bool over;

    public JudgedRelease(ReleaseStatus release, JudgeSpec judge)
    {
        Release = release;
        terms = new(judge.Errors.Fraction, judge.Slower.Fraction, judge.Minimum);
        comparison = new(terms, LatencyBuckets.Count, Milliseconds);
        (calls, statements) = (new(terms, LatencyBuckets.Count, Milliseconds), new(terms, LatencyBuckets.Count, Milliseconds));
        queries = [.. (judge.Queries ?? new Dictionary<string, JudgeQuery>()).OrderBy(q => q.Key, StringComparer.Ordinal).Select(q => (q.Value, new QueryComparison(q.Key, q.Value)))];
    }

    /// <summary>As it was seen last.</summary>
    public ReleaseStatus Release { get; private set; }

    /// <summary>Whether it was gone back from after its end: that is tried once.</summary>
    public bool IsGivenUp { get; set; }

    public bool HasFigures => comparison.Old.Requests + comparison.New.Requests > 0;

    /// <summary>Whether both versions have had so many requests that there is a verdict.</summary>
    public bool IsDecided => comparison.Old.Requests >= terms.Minimum && comparison.New.Requests >= terms.Minimum;

    /// <summary>Why it is harmful; null while that is not known.</summary>
    public string? Harm => over
        ? watch?.Harm ?? queries.Select(q => q.Comparison.Harm).FirstOrDefault(h => h is not null)
        : comparison.Harm ?? calls.Harm ?? statements.Harm ?? queries.Select(q => q.Comparison.Harm).FirstOrDefault(h => h is not null);

    /// <summary>Whether there are queries, and a new version that has requests.</summary>
    public bool Asks => queries.Length > 0 && Release.Share.Fraction > 0 && Release.Stage != ReleaseStage.Starting && news.Count > 0;

    /// <summary>Whether both versions get requests.</summary>
    public bool IsDivided => !over && Release.Share.Fraction is > 0 and < 1 && news.Count > 0 && olds.Length > 0;

    public bool IsOf(ReleaseStatus release) => Release.To == release.To && Release.Began == release.Began;

    public void Count(string instance, long requests, long errors, IReadOnlyList<long> latency)
    {
        if (news.Contains(instance))
        {
            newBatch.AddPairs(requests, errors, latency);
            return;
        }

        oldAsked += requests;
        if (Release.FreshFrom is not { } first || NumberOf(instance) >= first)
        {
            oldBatch.AddPairs(requests, errors, latency);
        }
    }

    /// <summary>Counts calls that it made to another service.</summary>
    public void CountCalls(string callee, bool isOther, long requests, long errors, IReadOnlyList<long> latency)
    {
        if (newIsOther is { } other && IsDivided)
        {
            calls.Count(callee, isOther == other, requests, errors, latency);
        }
    }

    /// <summary>Takes in what spans tell of ten seconds: requests and statements of each instance.</summary>
    public void CountSpans(IReadOnlyList<InstanceWindow> windows)
    {
        var (old, fresh) = (new HashSet<string>(StringComparer.Ordinal), new HashSet<string>(StringComparer.Ordinal));
        var (oldRequests, newRequests) = (0L, 0L);
        foreach (var one in windows)
        {
            var isNew = news.Contains(one.Instance);
            (isNew ? fresh : old).Add(one.Instance);
            if (one.Statement is { } statement)
            {
                statements.Count(statement, isNew, one.Calls, one.Errors, [.. one.Latency.SelectMany(l => new[] { LatencyBuckets.IndexOf((long)(l.Nanoseconds / 1000)), l.Count })]);
            }
            else if (isNew)
            {
                newRequests += one.Calls;
            }
            else
            {
                oldRequests += one.Calls;
            }
        }

        statements.Close((oldRequests, old.Count), (newRequests, fresh.Count));
    }

    /// <summary>Takes in how the release stands now; true where it has just been promoted.</summary>
    public bool Look(ReleaseStatus release, IReadOnlyList<Instance> instances)
    {
        Close();
        Release = release;
        news = instances.Where(i => i.Template.Hash == release.To).Select(i => i.Name).ToHashSet(StringComparer.Ordinal);
        olds = [.. instances.Where(i => i.Template.Hash != release.To && i.Goal == InstanceGoal.Run).Select(i => i.Name)];
        // Where neither is on an address of its own, nobody can tell whose a call is.
        var sides = instances.Where(i => i.Goal == InstanceGoal.Run).Select(i => (IsNew: i.Template.Hash == release.To, IsOther: i.Template.Other == true)).Distinct().ToArray();
        newIsOther = sides.Length == 2 && sides[0].IsNew != sides[1].IsNew && sides[0].IsOther != sides[1].IsOther ? sides.First(s => s.IsNew).IsOther : null;
        var ends = !over && release.IsOver();
        if (ends)
        {
            over = true;
            watch = ReleaseWatch.After(comparison.Old, terms, LatencyBuckets.Count, Milliseconds);
        }

        return ends && HasFigures;
    }

    /// <summary>Ends the batch that is open.</summary>
    public void Close()
    {
        if (over)
        {
            watch?.Add(newBatch);
        }
        else if (oldBatch.Requests + newBatch.Requests > 0)
        {
            comparison.Add(oldBatch, newBatch);
        }

        if (IsDivided)
        {
            calls.Close((oldAsked, olds.Length), (newBatch.Requests, news.Count));
        }

        oldAsked = 0;
        (oldBatch, newBatch) = (new(LatencyBuckets.Count), new(LatencyBuckets.Count));
    }

    public ReleaseReport Report()
    {
        var report = comparison.Report();
        var harm = Harm;
        return report with
        {
            Verdict = harm is null ? report.Verdict : ReleaseVerdict.Harmful,
            Message = harm ?? (watch is { New.Requests: > 0 } ? $"{report.Message}; {watch.Describe()}" : report.Message),
            Callees = calls.Report().Concat(statements.Report()).ToArray() is { Length: > 0 } callees ? callees : null,
            Queries = queries.Length == 0 ? null : [.. queries.Select(q => q.Comparison.Report())],
        };
    }

    /// <summary>What is to be asked now: where a query tells instances apart, of the instances of both versions; else now and before the release.</summary>
    public IEnumerable<Question> Questions(DateTimeOffset now)
    {
        foreach (var (query, one) in queries)
        {
            if (!query.Query.Contains(Instances, StringComparison.Ordinal))
            {
                yield return new(one, query.Query, Release.Began - Usual, Release.Began, query.Query);
            }
            else if (olds.Length > 0)
            {
                yield return new(one, For(query.Query, olds), null, now, For(query.Query, news));
            }
        }
    }

    /// <summary>An answer as one number: the sum of its series, over a span the median of that; null where there is none.</summary>
    public static double? One(PromAnswer answer)
    {
        var sums = Enumerable.Range(0, answer.Times.Length)
            .Select(at => answer.Rows.Select(r => r.Values[at]).Where(double.IsFinite).ToArray()).Where(v => v.Length > 0).Select(v => v.Sum()).Order().ToArray();
        return sums.Length == 0 ? null : sums[sums.Length / 2];
    }

    static string For(string query, IEnumerable<string> instances) => query.Replace(Instances, string.Join('|', instances.Select(i => i.Replace(".", "\\\\.", StringComparison.Ordinal))), StringComparison.Ordinal);

    static int NumberOf(string instance) => int.TryParse(instance.AsSpan(instance.LastIndexOf('-') + 1), NumberStyles.None, CultureInfo.InvariantCulture, out var number) ? number : 0;

    static double Milliseconds(int bucket) => (LatencyBuckets.LowerBound(bucket) + LatencyBuckets.UpperBound(bucket)) / 2000.0;

    /// <summary>Two values to be compared.</summary>
    /// <param name="Comparison">Takes them.</param>
    /// <param name="Before">Asks for the one to compare with.</param>
    /// <param name="From">From when on it is asked for; null for one moment.</param>
    /// <param name="To">Until when, or at which moment.</param>
    /// <param name="Now">Asks for the new version's.</param>
    public sealed record Question(QueryComparison Comparison, string? Before, DateTimeOffset? From, DateTimeOffset To, string Now);
}
