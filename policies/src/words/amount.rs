//! Amounts of resources in words.

use placecard_feasibility::inventory::requests::{CPU, EPHEMERAL_STORAGE, MEMORY};

/// The units of bytes, largest first.
const UNITS: [(&str, i64); 5] =
    [("Pi", 1 << 50), ("Ti", 1 << 40), ("Gi", 1 << 30), ("Mi", 1 << 20), ("Ki", 1 << 10)];

/// Whether a resource is counted in bytes.
fn is_bytes(resource: &str) -> bool {
    resource == MEMORY || resource == EPHEMERAL_STORAGE || resource.starts_with("hugepages-")
}

/// Whether a resource is counted in pieces, like devices.
#[must_use]
pub fn is_counted(resource: &str) -> bool {
    resource != CPU && !is_bytes(resource)
}

/// An amount exactly, as one writes it into a manifest; CPU is given in thousandths.
#[must_use]
pub fn exact(resource: &str, amount: i64) -> String {
    if resource == CPU {
        return if amount % 1000 == 0 { (amount / 1000).to_string() } else { format!("{amount}m") };
    }
    let whole = |(_, size): &&(&str, i64)| amount != 0 && amount % size == 0;
    match UNITS.iter().find(whole).filter(|_| is_bytes(resource)) {
        Some((unit, size)) => format!("{}{unit}", amount / size),
        None => amount.to_string(),
    }
}

/// An amount that is there, rounded down to a tenth of its unit.
#[must_use]
pub fn about(resource: &str, amount: i64) -> String {
    let plain = exact(resource, amount);
    let fits = |(_, size): &&(&str, i64)| amount >= *size;
    let Some((unit, size)) = UNITS.iter().find(fits) else { return plain };
    if !is_bytes(resource) || amount % size == 0 {
        return plain;
    }
    // Divided first, so that nothing overflows.
    let tenths = amount / (size / 8) * 10 / 8;
    match tenths % 10 {
        0 => format!("{}{unit}", tenths / 10),
        part => format!("{}.{part}{unit}", tenths / 10),
    }
}

/// An amount with its resource: `8 nvidia.com/gpu`, `64Gi of memory`.
#[must_use]
pub fn of(resource: &str, amount: i64) -> String {
    let amount = exact(resource, amount);
    if is_counted(resource) {
        format!("{amount} {resource}")
    } else {
        format!("{amount} of {resource}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn amounts_are_written_as_in_manifests() {
        for (resource, amount, text) in [
            ("memory", 64 << 30, "64Gi"),
            ("memory", 1536 << 20, "1536Mi"),
            ("memory", 1000, "1000"),
            ("memory", 0, "0"),
            ("cpu", 2000, "2"),
            ("cpu", 250, "250m"),
            ("nvidia.com/gpu", 1024, "1024"),
            ("hugepages-2Mi", 4 << 20, "4Mi"),
        ] {
            assert_eq!(exact(resource, amount), text);
        }
        for (amount, text) in [
            (32_386_544 << 10, "30.8Gi"),
            (60 << 30, "60Gi"),
            ((1 << 30) + 1, "1Gi"),
            (512, "512"),
            (i64::MAX, "8191.8Pi"),
        ] {
            assert_eq!(about("memory", amount), text);
        }
        assert_eq!(about("cpu", 3500), "3500m");
        assert_eq!(of("nvidia.com/gpu", 8), "8 nvidia.com/gpu");
        assert_eq!(of("memory", 4 << 30), "4Gi of memory");
    }
}
