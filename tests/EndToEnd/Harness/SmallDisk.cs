using System.Diagnostics;

namespace Mainstay.EndToEnd.Harness;

/// <summary>A file system of its own in memory, small or read-only. Where this user may not mount one, the test is skipped.</summary>
sealed class SmallDisk : IAsyncDisposable
{
    const int Block = 4096;

    SmallDisk(string path) => Path = path;

    public string Path { get; }

    string Filler => System.IO.Path.Combine(Path, "filler");

    /// <summary>Mounts one with tmpfs's own options (tmpfs(5)), such as <c>size=64k</c> or <c>ro</c>.</summary>
    public static async Task<SmallDisk> MountAsync(string options)
    {
        var path = Directory.CreateTempSubdirectory("mainstay-disk-").FullName;
        if (await RunAsync("mount", "-t", "tmpfs", "-o", options, "tmpfs", path) is { } why)
        {
            Directory.Delete(path);
            Assert.Skip($"a file system cannot be mounted here: {why}");
        }

        return new(path);
    }

    /// <summary>Takes all the room there is, but so many bytes.</summary>
    public void Fill(long leave = 0)
    {
        using var file = new FileStream(Filler, FileMode.Append, FileAccess.Write, FileShare.None, 0);
        try
        {
            while (true)
            {
                file.Write(new byte[Block]);
            }
        }
        catch (IOException)
        {
            file.SetLength(Math.Max(0, file.Length - leave));
        }
    }

    /// <summary>Gives back what <see cref="Fill"/> took.</summary>
    public void Free() => File.Delete(Filler);

    public async ValueTask DisposeAsync()
    {
        // What was killed lets go of its files a moment later.
        await Eventually.IsAsync(async () => await RunAsync("umount", Path) is null, TimeSpan.FromSeconds(15));
        Directory.Delete(Path);
    }

    static async Task<string?> RunAsync(string program, params string[] arguments)
    {
        using var process = Process.Start(new ProcessStartInfo(program, arguments) { RedirectStandardError = true })!;
        var error = await process.StandardError.ReadToEndAsync();
        await process.WaitForExitAsync();
        return process.ExitCode == 0 ? null : error.Trim();
    }
}
