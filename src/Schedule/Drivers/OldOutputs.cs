namespace Mainstay.Schedule.Drivers;

/// <summary>Deletes outputs of builds that nobody needs: the newest of each service stay, and those that are in use.</summary>
static class OldOutputs
{
    const int Kept = 5;

    static readonly TimeSpan Abandoned = TimeSpan.FromDays(1);

    public static void Prune(DataFolder folder, string service, IReadOnlySet<string> inUse, Action<string, Exception> onFault)
    {
        try
        {
            var all = new DirectoryInfo(Path.Combine(folder.Builds, service));

            // Names are digests, so the newest are told by when they were made or last asked for.
            foreach (var old in all.EnumerateDirectories().Where(d => !d.Name.EndsWith(".tmp", StringComparison.Ordinal)).OrderByDescending(d => d.LastWriteTimeUtc).Skip(Kept).Where(d => !inUse.Contains($"{service}-{d.Name}")))
            {
                old.Delete(recursive: true);
            }

            foreach (var part in all.EnumerateFiles("*.part").Where(f => f.LastWriteTimeUtc < TimeProvider.System.GetUtcNow().UtcDateTime - Abandoned))
            {
                part.Delete();
            }
        }
        catch (Exception fault) when (fault is IOException or UnauthorizedAccessException)
        {
            onFault($"old outputs of {service}", fault);
        }
    }
}
