using System.Globalization;
using System.Security.Cryptography;
using System.Text;

namespace Mainstay.State.Decide.Flows;

/// <summary>The ids by which a run is a trace: made of its own, so that they are the same before and after a crash.</summary>
public static class FlowTrace
{
    /// <summary>How deep what a run keeps of its callees may be nested.</summary>
    public const int MostDepth = FlowJson.MostDepth;

    /// <summary>The trace's id, 16 bytes.</summary>
    public static byte[] TraceOf(FlowRun run) => Hash($"{run.Id} {run.At.ToUnixTimeMilliseconds().ToString(CultureInfo.InvariantCulture)}", 16);

    /// <summary>The id of the run's own span, 8 bytes.</summary>
    public static byte[] SpanOf(FlowRun run) => Hash($"run {run.Id} {run.At.ToUnixTimeMilliseconds().ToString(CultureInfo.InvariantCulture)}", 8);

    /// <summary>The id of the span of a row, 8 bytes.</summary>
    public static byte[] SpanOf(FlowRun run, string path, int round) => Hash($"step {run.Id} {path} {round.ToString(CultureInfo.InvariantCulture)}", 8);

    /// <summary>W3C Trace Context §3.2: what a call carries, so that what it causes stands below its step.</summary>
    public static string ParentOf(FlowRun run, FlowAct act) =>
        $"00-{Convert.ToHexStringLower(TraceOf(run))}-{Convert.ToHexStringLower(SpanOf(run, act.Path, run.Round))}-01";

    static byte[] Hash(string text, int bytes) => SHA256.HashData(Encoding.UTF8.GetBytes(text))[..bytes];
}
