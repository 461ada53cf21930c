using System.Buffers.Binary;
using System.Security.Cryptography;
using System.Text;
using Mainstay.Core.Kinds;
using Mainstay.Core.Kinds.Schedule;

namespace Mainstay.Deliver.Drivers;

/// <summary>
/// The content hash of what a build reads: its command, and of every input file path, executable bit and content, in ordinal order of paths.
/// The same content has the same hash on every machine; times and owners play no part. One instance serves one apply: a file that several
/// services read is hashed once.
/// </summary>
/// <param name="ownFolder">Mainstay's data folder, absolute, which is never an input; null where there is none.</param>
public sealed class ContentDigest(string? ownFolder = null)
{
    /// <summary>The most bytes that the inputs of one service may have.</summary>
    public const long MaxBytes = 1L << 30;

    /// <summary>The most files that the inputs of one service may have.</summary>
    public const int MaxFiles = 100_000;

    readonly Dictionary<string, (byte[] Hash, long Length)> hashed = new(StringComparer.Ordinal);
    readonly byte[] buffer = new byte[128 * 1024];
    readonly OwnFolder own = new(ownFolder);

    /// <summary>The digest of a service, or why there is none, with a path below <c>services.NAME</c>. The service has a build.</summary>
    public DigestResult Of(ServiceSpec spec, string baseFolder, CancellationToken stop = default)
    {
        var build = spec.Build ?? throw new ArgumentException("nothing is built", nameof(spec));
        var root = Path.GetFullPath(spec.Folder ?? ".", baseFolder);
        var files = InputFiles.Below(root, build.Inputs, own, MaxFiles);
        if (files.Problem is { } problem)
        {
            return new(null, problem);
        }

        using var all = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        AppendText(all, build.Command);
        var total = 0L;
        foreach (var file in files.Found)
        {
            stop.ThrowIfCancellationRequested();
            try
            {
                total += Append(all, file, stop);
            }
            catch (Exception wrong) when (wrong is IOException or UnauthorizedAccessException)
            {
                return new(null, new("build.inputs", $"cannot read '{file.Path}': {wrong.Message}", "make it readable, or name the inputs that matter"));
            }

            if (total > MaxBytes)
            {
                return new(null, new("build.inputs", "the inputs of the build are larger than 1 GiB", "name the files and folders that matter in 'build: { command: …, inputs: […] }'"));
            }
        }

        return new(Convert.ToHexStringLower(all.GetHashAndReset()), null);
    }

    long Append(IncrementalHash all, InputFile file, CancellationToken stop)
    {
        AppendText(all, file.Path);
        if (file.LinkTarget is { } target)
        {
            AppendText(all, "link");
            AppendText(all, target);
            return 0;
        }

        const UnixFileMode Execute = UnixFileMode.UserExecute | UnixFileMode.GroupExecute | UnixFileMode.OtherExecute;
        var executable = !OperatingSystem.IsWindows() && (File.GetUnixFileMode(file.FullPath) & Execute) != 0;
        AppendText(all, executable ? "executable" : "file");
        if (!hashed.TryGetValue(file.FullPath, out var known))
        {
            known = hashed[file.FullPath] = Hash(file.FullPath, stop);
        }

        all.AppendData(known.Hash);
        return known.Length;
    }

    (byte[] Hash, long Length) Hash(string path, CancellationToken stop)
    {
        using var stream = RegularFile.Open(path);
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        var length = 0L;
        for (int read; length <= MaxBytes && (read = stream.Read(buffer)) > 0; length += read)
        {
            stop.ThrowIfCancellationRequested();
            hash.AppendData(buffer, 0, read);
        }

        return (hash.GetHashAndReset(), length);
    }

    // Each text with its length in front, so that two different lists of texts never give the same bytes.
    static void AppendText(IncrementalHash hash, string text)
    {
        var bytes = Encoding.UTF8.GetBytes(text);
        Span<byte> length = stackalloc byte[4];
        BinaryPrimitives.WriteInt32LittleEndian(length, bytes.Length);
        hash.AppendData(length);
        hash.AppendData(bytes);
    }
}

/// <summary>A digest as 64 lower-case hexadecimal characters, or why there is none.</summary>
public readonly record struct DigestResult(string? Digest, Problem? Problem);
