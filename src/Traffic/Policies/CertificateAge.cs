namespace Mainstay.Traffic.Policies;

/// <summary>How far a certificate is in its life.</summary>
internal enum CertificateStage
{
    Valid,

    /// <summary>Not before a later time.</summary>
    NotYet,

    /// <summary>It should have been renewed by now.</summary>
    Expiring,

    /// <summary>Little time is left.</summary>
    Ending,

    Expired,
}

/// <summary>
/// When a certificate's end is to be told of: when a third of its life is left and no more than 21 days, when a twelfth is left and no more than 2 days, and when it is over. So one of 90 days is told of at
/// 21 days, and one of six days at two.
/// </summary>
internal static class CertificateAge
{
    public static CertificateStage Of(DateTimeOffset notBefore, DateTimeOffset notAfter, DateTimeOffset now)
    {
        if (now >= notAfter) return CertificateStage.Expired;
        if (now < notBefore) return CertificateStage.NotYet;
        var (life, left) = (notAfter - notBefore, notAfter - now);
        if (left <= Least(life / 12, TimeSpan.FromDays(2))) return CertificateStage.Ending;
        return left <= Least(life / 3, TimeSpan.FromDays(21)) ? CertificateStage.Expiring : CertificateStage.Valid;
    }

    private static TimeSpan Least(TimeSpan one, TimeSpan other) => one < other ? one : other;
}
