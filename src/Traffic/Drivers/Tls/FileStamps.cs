using System.Security.Cryptography;

namespace Mainstay.Traffic.Drivers.Tls;

/// <summary>
/// Tells whether files are others than at the last look. Each look costs a stat per file; what has another time or size is read, and now and then all are, for a file that was put
/// in place with the time and size of the one before.
/// </summary>
internal sealed class FileStamps(params string[] files)
{
    private const int ReadAllEvery = 10;
    private readonly (DateTime At, long Bytes, string Hash)[] last = new (DateTime, long, string)[files.Length];
    private int looks;

    /// <summary>True at the first look, and when the content of one is another. What cannot be read is as good as empty.</summary>
    public bool HaveChanged()
    {
        var isFirst = looks == 0;
        var readsAll = looks++ % ReadAllEvery == 0;
        var changed = isFirst;
        for (var index = 0; index < files.Length; index++)
        {
            var info = new FileInfo(files[index]);
            var (at, bytes) = info.Exists ? (info.LastWriteTimeUtc, info.Length) : (default, -1);
            if (!readsAll && at == last[index].At && bytes == last[index].Bytes) continue;
            var hash = bytes < 0 ? "" : HashOf(files[index]);
            changed |= hash != last[index].Hash;
            last[index] = (at, bytes, hash);
        }
        return changed;
    }

    private static string HashOf(string file)
    {
        try
        {
            using var stream = File.OpenRead(file);
            return Convert.ToHexString(SHA256.HashData(stream));
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return "";
        }
    }
}
