using System.Globalization;

namespace Mainstay.Host.Cli.Doctor;

/// <summary>What the machine offers.</summary>
static class MachineChecks
{
    const long Gibibyte = 1L << 30;
    const long TightBytes = Gibibyte;
    const long FullBytes = 100L << 20;
    const long FewFiles = 4096;

    public static async Task<IReadOnlyList<Finding>> RunAsync(IMachine machine, string dataFolder, CancellationToken stop) =>
    [
        Tool(".NET SDK", await machine.FirstLineOfAsync("dotnet", "--version", stop), 10, "services written for .NET cannot be built"),
        Tool("Node", await machine.FirstLineOfAsync("node", "--version", stop), 20, "services written for Node cannot run, and the dashboard cannot be built"),
        .. Folder(machine.Folder(dataFolder), dataFolder),
        Files(machine.OpenFilesLimit),
    ];

    static Finding Tool(string name, string? version, int least, string without)
    {
        var major = int.TryParse(version?.TrimStart('v').Split('.')[0], NumberStyles.None, CultureInfo.InvariantCulture, out var number) ? number : 0;
        return version is null ? Finding.Warning(name, $"not found: {without}", $"install {name} {least} or later")
            : major < least ? Finding.Warning(name, $"{version} is older than {least}", $"install {name} {least} or later")
            : Finding.Ok(name, version);
    }

    static IEnumerable<Finding> Folder(FolderFacts facts, string folder)
    {
        const string Check = "data folder";
        yield return facts.Error is { } error
            ? Finding.Bad(Check, $"{folder} cannot be written: {error}", "name another with --data, or let this user write there")
            : Finding.Ok(Check, folder);
        var free = facts.FreeBytes >= Gibibyte ? $"{facts.FreeBytes / Gibibyte} GiB free" : $"{facts.FreeBytes >> 20} MiB free";
        yield return facts.FreeBytes < FullBytes ? Finding.Bad("disk", free, $"make room on the disk of {folder}, or name another folder with --data")
            : facts.FreeBytes < TightBytes ? Finding.Warning("disk", free, $"make room on the disk of {folder} before it is full")
            : Finding.Ok("disk", free);
    }

    static Finding Files(long? limit) => limit switch
    {
        null => Finding.Warning("open files", "the limit is not known", "see 'ulimit -n'"),
        < FewFiles => Finding.Warning("open files", $"at most {limit} for each process: a gateway with many connections needs more", $"raise it: 'ulimit -n {FewFiles * 16}'"),
        _ => Finding.Ok("open files", $"at most {limit} for each process"),
    };
}
