using System.Globalization;
using Mainstay.Core.Kinds.Schedule;

namespace Mainstay.Observe.Judge;

/// <summary>
/// Holds a measured value of the new version against that of the old one, look by look: how often is it worse than is tolerated? If it were so no more often than every second time, the stake of the bet against that would
/// ever reach 100 times its beginning with a probability of at most 1 %, however often it is looked at. Looks that see much of the same samples say it several times: a query should not reach back much longer than two looks are apart.
/// </summary>
/// <param name="name">Its name, for people.</param>
/// <param name="terms">What is tolerated.</param>
public sealed class QueryComparison(string name, JudgeQuery terms)
{
    static readonly double Enough = Math.Log(100);
    static readonly double[] Chances = [0.6, 0.75, 0.9, 0.97];

    readonly double[] logs = new double[Chances.Length];
    int looks;
    int worse;
    double old;
    double fresh;

    /// <summary>Why the new version is harmful, with figures; null while that is not known.</summary>
    public string? Harm { get; private set; }

    /// <summary>Takes one look in; a value that is not known, or no number, says nothing.</summary>
    public void Add(double? before, double? now)
    {
        if (before is not { } a || now is not { } b || !double.IsFinite(a) || !double.IsFinite(b))
        {
            return;
        }

        (old, fresh) = (a, b);
        looks++;
        var isWorse = b - a > terms.Least && b - a > Math.Abs(a) * terms.More.Fraction;
        worse += isWorse ? 1 : 0;
        for (var index = 0; index < Chances.Length; index++)
        {
            logs[index] += Math.Log(2 * (isWorse ? Chances[index] : 1 - Chances[index]));
        }

        Harm ??= Evidence() >= Enough ? string.Create(CultureInfo.InvariantCulture, $"'{name}' is worse: {b:0.###} against {a:0.###}, in {worse} of {looks} looks by more than {terms.More}; odds {Odds.Of(Evidence())}") : null;
    }

    /// <summary>How it stands.</summary>
    public QueryReport Report() => new(name, old, fresh, looks, worse, Math.Round(Evidence(), 2));

    double Evidence()
    {
        var most = logs.Max();
        return most + Math.Log(logs.Sum(l => Math.Exp(l - most)) / logs.Length);
    }
}
