using System.Globalization;
using Mainstay.Core.Kinds;
using Mainstay.Traffic.Path;
using Mainstay.Traffic.Policies;

namespace Mainstay.Traffic.Drivers.Tls;

/// <summary>Tells how a certificate stands, and once of each step towards its end.</summary>
/// <param name="about">Whose it is, as notices name it.</param>
/// <param name="file">Its file.</param>
internal sealed class CertificateWatch(string about, string file)
{
    private string? thumbprint;
    private CertificateStage told;

    /// <summary>Looks at what is in use now.</summary>
    /// <param name="current">Null where there is none.</param>
    /// <param name="problem">What is wrong with the files.</param>
    /// <param name="now">The time.</param>
    /// <param name="board">Where it is told; null for nowhere.</param>
    public PolicyReport Look(LoadedCertificate? current, string? problem, DateTimeOffset now, NoticeBoard? board)
    {
        var name = $"certificate {System.IO.Path.GetFileName(file)}";
        if (current is null) return new PolicyReport(about, name, "certificate", "failing", problem ?? $"{file} was not read yet", new Dictionary<string, double>());
        var stage = CertificateAge.Of(current.NotBefore, current.NotAfter, now);
        var why = Words(stage, current, now);
        if (current.Thumbprint != thumbprint) (thumbprint, told) = (current.Thumbprint, CertificateStage.Valid);
        if (stage > told)
        {
            told = stage;
            board?.Add(about, stage == CertificateStage.Expired ? "CertificateExpired" : stage == CertificateStage.NotYet ? "CertificateNotYetValid" : "CertificateExpires", $"{file} for {string.Join(", ", current.Names)}: {why}");
        }
        return new PolicyReport(about, name, "certificate", problem is not null ? "failing" : stage.ToString().ToLowerInvariant(), problem ?? why, new Dictionary<string, double>
        {
            ["daysLeft"] = Math.Round((current.NotAfter - now).TotalDays, 1),
        });
    }

    private static string Words(CertificateStage stage, LoadedCertificate one, DateTimeOffset now) => stage switch
    {
        CertificateStage.Valid => "",
        CertificateStage.NotYet => string.Create(CultureInfo.InvariantCulture, $"not valid before {one.NotBefore:yyyy-MM-dd HH:mm} UTC"),
        CertificateStage.Expired => string.Create(CultureInfo.InvariantCulture, $"expired on {one.NotAfter:yyyy-MM-dd HH:mm} UTC"),
        _ => string.Create(CultureInfo.InvariantCulture, $"expires on {one.NotAfter:yyyy-MM-dd HH:mm} UTC, in {Durations.Format(TimeSpan.FromHours(Math.Max(Math.Floor((one.NotAfter - now).TotalHours), 1)))}"),
    };
}
