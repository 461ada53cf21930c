using System.Globalization;
using Mainstay.Tests.Scenarios;
using Mainstay.Traffic.Policies;
using Xunit;

namespace Mainstay.Tests.Traffic.Tls;

/// <summary>When a certificate's end is told of. Commands: <c>certificate DAYS</c> (its whole life), <c>left DAYS</c>.</summary>
public sealed class CertificateScenarios
{
    static readonly DateTimeOffset End = DateTimeOffset.UnixEpoch.AddYears(50);
    TimeSpan life;

    public static TheoryData<string> Files => ScenarioFile.In("certificate");

    [Theory]
    [MemberData(nameof(Files))]
    public void Every_day_gives_its_recorded_trace(string file) => ScenarioFile.Run(file, Run);

    string Run(ScenarioStep step)
    {
        var days = TimeSpan.FromDays(double.Parse(step.Words[1], CultureInfo.InvariantCulture));
        if (step.Words[0] == "certificate")
        {
            life = days;
            return "";
        }

        return CertificateAge.Of(End - life, End, End - days).ToString().ToLowerInvariant();
    }
}
