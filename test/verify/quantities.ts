/** Quantities that each golden file of the repository yields. */
export const goldenQuantities: Record<string, number> = {
  'augment_paper.json': 146,
  'augment_torch.json': 118,
  'lars_paper.json': 288,
  'lars_torch.json': 120,
  'lr_paper.json': 27,
  'names_lightly_resnet18.json': 2,
  'ntxent_paper.json': 142,
  'ntxent_torch.json': 72,
  'resnet_paper_r18_cifar.json': 401,
  'resnet_paper_r18_imagenet_odd.json': 401,
  'resnet_paper_r50sk_imagenet_odd.json': 1105,
  'resnet_torch_tv18_cifar_32.json': 330,
  'resnet_torch_tv18_imagenet_odd.json': 330,
  'trainsteps_paper.json': 344,
}
