using Mainstay.Deliver.Decide;

namespace Mainstay.Deliver.Drivers;

/// <summary>The folders of this machine's disks.</summary>
public sealed class DiskFolders : IFolders
{
    public bool Exists(string path) => Directory.Exists(path);
}
