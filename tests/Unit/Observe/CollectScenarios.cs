using System.Globalization;
using System.Text;
using Mainstay.Observe.Collect;
using Mainstay.Observe.Collect.Hosts;
using Mainstay.Observe.Collect.Processes;
using Mainstay.Tests.Scenarios;
using Xunit;

namespace Mainstay.Tests.Observe;

/// <summary>The parsers over recorded text: the command names the file that it is of.</summary>
public sealed class CollectScenarios
{
    [Theory]
    [MemberData(nameof(ScenarioFile.In), "collect", MemberType = typeof(ScenarioFile))]
    public void Parsers(string name) => ScenarioFile.Run(name, step => Parse(step.Words[0], Encoding.UTF8.GetBytes(step.Input + "\n")));

    static string Parse(string file, byte[] text) => file switch
    {
        "stat" => Text(CpuTimes.Parse(text)),
        "meminfo" => Text(MemoryFigures.Parse(text)),
        "diskstats" => string.Join('\n', DiskFigures.Parse(text).Select(d => Text(d))),
        "net/dev" => string.Join('\n', NetworkFigures.Parse(text).Select(d => Text(d))),
        "pressure" => Text(Pressure.Parse(text)),
        "loadavg" => Text(LoadAverage.Parse(text)),
        "file-nr" => Text(OpenFiles.Parse(text)),
        "vmstat" => Text(PagingFigures.Parse(text)),
        "mounts" => string.Join('\n', Mount.Parse(text).Select(m => Text(m))),
        "cpu.stat" => Text(Throttling.Parse(text)),
        "PID/stat" => Text(ProcessLine.Parse(text)),
        "PID/io" => Text(ProcessIo.Parse(text)),
        "TID/status" => Text(ContextSwitches.Parse(text)),
        "TID/schedstat" => Text(RunQueue.Parse(text)),
        "PID/cgroup" => Text(ControlGroup.Parse(text)),
        "smaps_rollup" => ProcText.Field(text, "Pss"u8)?.ToString(CultureInfo.InvariantCulture) ?? "nothing",
        _ => throw new InvalidOperationException($"no parser reads {file}"),
    };

    static string Text(object? parsed) => parsed is null ? "nothing" : string.Create(CultureInfo.InvariantCulture, $"{parsed}");
}
