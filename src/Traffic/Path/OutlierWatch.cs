using System.Globalization;
using Mainstay.Core.Kinds;
using Mainstay.Core.Kinds.Traffic;
using Mainstay.Traffic.Policies;

namespace Mainstay.Traffic.Path;

/// <summary>Looks after the outliers of one service, and tells of them.</summary>
internal sealed class OutlierWatch(string service, OutlierSpec terms, Gateway? gateway) : IBeating, IReporting
{
    private readonly string about = $"service/{service}";

    public Outliers Outliers { get; } = new(terms);

    public void Beat(long nowMs)
    {
        Outliers.Beat(nowMs);
        foreach (var one in Outliers.TakeNews())
        {
            if (one.Why is { } why) gateway?.Notices.Add(about, "EndpointEjected", $"{one.Load.Id} gets nothing for {Durations.Format(TimeSpan.FromMilliseconds(one.ForMs))}: {why}");
            else gateway?.Notices.Add(about, "EndpointReturned", $"{one.Load.Id} gets requests again", isWarning: false);
        }
    }

    public PolicyReport? Report(long nowMs)
    {
        var ejected = Outliers.Ejected(nowMs);
        if (ejected == 0 && !Outliers.IsPanic) return null;
        return new PolicyReport(
            about, "outliers", "outliers", Outliers.IsPanic ? "panic" : "ejecting",
            Outliers.IsPanic ? "too few instances can be used, so ejections are not looked at" : string.Create(CultureInfo.InvariantCulture, $"{ejected} of at most {Outliers.MostEjected} ejected"),
            new Dictionary<string, double> { ["ejected"] = ejected, ["mostEjected"] = Outliers.MostEjected });
    }
}
