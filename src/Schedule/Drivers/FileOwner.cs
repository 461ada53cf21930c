using System.Globalization;

namespace Mainstay.Schedule.Drivers;

/// <summary>Gives files to users of this machine.</summary>
static class FileOwner
{
    const uint Same = uint.MaxValue;

    /// <summary>Gives a file to <c>USER</c> or <c>USER:GROUP</c>; says why not where it cannot.</summary>
    public static string? Give(string path, string owner)
    {
        var (user, group) = owner.Split(':') is [var one, var other] ? (one, other) : (owner, null);
        if (NumberOf("/etc/passwd", user) is not { } uid)
        {
            return $"this host has no user '{user}'; make it, or name another owner";
        }

        var gid = group is null ? Same : NumberOf("/etc/group", group);
        if (gid is null)
        {
            return $"this host has no group '{group}'; make it, or name another owner";
        }

        return Posix.chown(path, uid, gid.Value) == 0 ? null : $"it cannot be given to {owner}: {Posix.Describe(Posix.Errno)}; run the agent as root, or leave the owner out";
    }

    // NAME:x:NUMBER:…, in both files.
    static uint? NumberOf(string file, string name) =>
        uint.TryParse(name, NumberStyles.None, CultureInfo.InvariantCulture, out var number) && number != Same ? number
        : File.Exists(file) && File.ReadLines(file).Select(l => l.Split(':')).FirstOrDefault(l => l.Length > 2 && l[0] == name) is { } line && uint.TryParse(line[2], NumberStyles.None, CultureInfo.InvariantCulture, out var found) ? found
        : null;
}
