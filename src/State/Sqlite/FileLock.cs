using System.Globalization;
using Mainstay.Core.Store;

namespace Mainstay.State.Sqlite;

/// <summary>
/// Held while a store is open, beside its file. SQLite's own lock would do against other processes, but it is lost when anything else in this
/// process opens and closes the file, and it cannot say who holds it. The id of the holder is in a file of its own: .NET lets nobody read one that
/// is locked.
/// </summary>
sealed class FileLock : IDisposable
{
    readonly FileStream file;

    FileLock(FileStream file) => this.file = file;

    /// <summary>Makes the folder, takes the lock and leaves the process id beside it.</summary>
    /// <exception cref="StoreUnavailableException">Another process has it, or the folder cannot be written.</exception>
    public static FileLock Take(string storePath)
    {
        var path = storePath + ".lock";
        try
        {
            Directory.CreateDirectory(Path.GetDirectoryName(Path.GetFullPath(storePath))!);
            var file = new FileStream(path, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None);
            try
            {
                File.WriteAllText(storePath + ".pid", Environment.ProcessId.ToString(CultureInfo.InvariantCulture));
            }
            catch (IOException)
            {
                // The id is only for the other's message: a full disk must not keep a store from opening for reads and deletions.
            }

            return new FileLock(file);
        }
        catch (UnauthorizedAccessException denied)
        {
            throw new StoreUnavailableException(
                $"the folder of the store {storePath} is read-only for this user; give it write permission, or choose another data folder with --data", denied);
        }
        catch (IOException failed) when (File.Exists(path))
        {
            throw new StoreUnavailableException(
                $"the store {storePath} is in use by {Holder(storePath)}; stop it, or choose another data folder with --data", failed);
        }
        catch (IOException failed)
        {
            throw new StoreUnavailableException($"the store {storePath} cannot be opened: {failed.Message}; check its folder and disk", failed);
        }
    }

    public void Dispose() => file.Dispose();

    static string Holder(string storePath)
    {
        try
        {
            return $"process {File.ReadAllText(storePath + ".pid").Trim()}";
        }
        catch (Exception failed) when (failed is IOException or UnauthorizedAccessException)
        {
            return "another process";
        }
    }
}
