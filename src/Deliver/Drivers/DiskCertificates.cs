using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Mainstay.Deliver.Decide;

namespace Mainstay.Deliver.Drivers;

/// <summary>Certificate files on this machine's disks.</summary>
public sealed class DiskCertificates : ICertificates
{
    public string? WhyNot(string certificateFile, string? keyFile)
    {
        try
        {
            if (keyFile is not null)
            {
                using var pair = X509Certificate2.CreateFromPemFile(certificateFile, keyFile);
                return null;
            }

            var all = new X509Certificate2Collection();
            all.ImportFromPemFile(certificateFile);
            return all.Count > 0 ? null : "it holds no certificate";
        }
        catch (Exception e) when (e is CryptographicException or IOException or UnauthorizedAccessException or ArgumentException)
        {
            return e.Message;
        }
    }
}
