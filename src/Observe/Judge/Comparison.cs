namespace Mainstay.Observe.Judge;

/// <summary>
/// Evidence that something happens more often on one side than on the other, which may be looked at after every batch. It is a bet against "both sides are alike": each batch multiplies the
/// stake by how much more likely it is under a difference, with rates that were guessed before the batch was seen. If both are alike, the stake never has an expectation above 1, so that it ever reaches 1/α with a
/// probability of at most α, however often it is looked at. The stake is spread over several sizes of difference.
/// </summary>
sealed class Comparison
{
    // Differences of rates that are betted on.
    static readonly double[] Sizes = [0.01, 0.02, 0.05, 0.1, 0.2, 0.4];

    // What is thought of the rate before anything was seen counts as so many requests.
    const double PriorRequests = 100;

    readonly double[] logs = new double[Sizes.Length];
    readonly double prior;
    double requests;
    double hits;

    /// <param name="rate">The rate to expect before anything was seen, 0 to 1.</param>
    public Comparison(double rate) => prior = Math.Clamp(rate, 0.0005, 0.5);

    /// <summary>The natural logarithm of the stake; 0 at the beginning.</summary>
    public double LogEvidence
    {
        get
        {
            var most = logs.Max();
            return most + Math.Log(logs.Sum(l => Math.Exp(l - most)) / logs.Length);
        }
    }

    /// <summary>Takes a batch in: requests, and how many of them were hit, on the old and the new side at the same time.</summary>
    public void Add(long oldRequests, long oldHits, long newRequests, long newHits)
    {
        if (oldRequests > 0 && newRequests > 0)
        {
            var old = Math.Clamp((hits + (prior * PriorRequests)) / (requests + PriorRequests), 0.0005, 0.95);
            for (var size = 0; size < Sizes.Length; size++)
            {
                var worse = Math.Min(0.99, old + Sizes[size]);
                // Under "alike" the common rate that makes the bet fair is the mean over the batch.
                var alike = ((oldRequests * old) + (newRequests * worse)) / (oldRequests + newRequests);
                logs[size] += LogLikely(oldRequests, oldHits, old) + LogLikely(newRequests, newHits, worse) - LogLikely(oldRequests + newRequests, oldHits + newHits, alike);
            }
        }

        requests += oldRequests;
        hits += oldHits;
    }

    static double LogLikely(long requests, long hits, double rate) => (hits * Math.Log(rate)) + ((requests - hits) * Math.Log(1 - rate));
}
