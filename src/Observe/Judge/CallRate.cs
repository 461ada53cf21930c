using System.Globalization;

namespace Mainstay.Observe.Judge;

/// <summary>What was seen of one version in a batch.</summary>
/// <param name="Requests">What was asked of it.</param>
/// <param name="Calls">What it called meanwhile.</param>
/// <param name="Instances">How many instances did that.</param>
readonly record struct CallBatch(long Requests, long Calls, long Instances)
{
    public double PerRequest => Requests == 0 ? 0 : (double)Calls / Requests;

    public double PerInstance => Instances == 0 ? 0 : (double)Calls / Instances;

    public static CallBatch operator +(CallBatch one, CallBatch other) => new(one.Requests + other.Requests, one.Calls + other.Calls, one.Instances + other.Instances);
}

/// <summary>
/// Evidence that each request to the new version makes more calls to something than each to the old one, which may be looked at at any time. Calls come in bundles, so that counting them one by one would see too much
/// in too little: it is looked whenever both versions had enough requests, and asked only whether the new one made more than is tolerated by then. If it did so no more often than every second time, the stake of the bet
/// against that would never have an expectation above 1.
/// </summary>
/// <param name="more">By how much the calls per request may be above those of the old version, as a part of them.</param>
/// <param name="least">A difference of no more than so many calls per request never counts.</param>
/// <param name="requests">So many requests to each version make a look.</param>
sealed class CallRate(double more, double least, int requests)
{
    static readonly double[] Chances = [0.6, 0.75, 0.9, 0.97];

    readonly double[] logs = new double[Chances.Length];
    CallBatch old;
    CallBatch fresh;
    CallBatch allOld;
    CallBatch allNew;

    /// <summary>Looks so far, and those in which the new version made more calls than is tolerated.</summary>
    public (int All, int Worse) Looks { get; private set; }

    /// <summary>The natural logarithm of the stake; 0 at the beginning.</summary>
    public double LogEvidence
    {
        get
        {
            var most = logs.Max();
            return most + Math.Log(logs.Sum(l => Math.Exp(l - most)) / logs.Length);
        }
    }

    public double Old => allOld.PerRequest;

    public double New => allNew.PerRequest;

    /// <summary>Takes a batch in.</summary>
    public void Add(CallBatch ofOld, CallBatch ofNew)
    {
        (old, allOld, fresh, allNew) = (old + ofOld, allOld + ofOld, fresh + ofNew, allNew + ofNew);
        if (old.Requests < requests || fresh.Requests < requests)
        {
            return;
        }

        // What an instance calls by itself, whatever is asked of it, weighs more on few requests: so it has to be more for each instance as well.
        var difference = fresh.PerRequest - old.PerRequest;
        var isWorse = difference > least && difference > old.PerRequest * more && fresh.PerInstance > old.PerInstance * (1 + more);
        Looks = (Looks.All + 1, Looks.Worse + (isWorse ? 1 : 0));
        for (var index = 0; index < Chances.Length; index++)
        {
            logs[index] += Math.Log(2 * (isWorse ? Chances[index] : 1 - Chances[index]));
        }

        (old, fresh) = (default, default);
    }

    public override string ToString() => string.Create(CultureInfo.InvariantCulture, $"{New:0.##} calls per request against {Old:0.##}");
}
