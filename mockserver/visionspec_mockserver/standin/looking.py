from __future__ import annotations
import cv2, numpy as np
from .arrays import *
from .zones import flat_zones
from .background import find_ground
from .partition import partition, Coding

def roughness(lab):
    st=max(1,int((lab.shape[0]*lab.shape[1]/150000)**.5))
    def f(m):
        n=m[::st,1:-1]-.5*(m[::st,:-2]+m[::st,2:]); return float(np.median(np.sqrt(np.einsum('ijk,ijk->ij',n,n)[:,::st])))
    return min(f(lab),f(lab.transpose(1,0,2)))/1.88
def smooth(work,lab,lossy):
    s=roughness(lab)
    if s>=.8:
        lab=cv2.bilateralFilter(cv2.bilateralFilter(lab,7,max(6.,3.5*s),2.5),7,max(6.,2*s),2.5)
    if lossy:
        for _ in range(2): lab=cv2.bilateralFilter(lab,5,8.,2.)
    return lab,roughness(lab)
def ycc(rgb):
    return (cv2.cvtColor(rgb.astype(np.float32)/np.float32(255),cv2.COLOR_RGB2YCrCb)*np.float32([100,150,150]))
def look_pixels(rgb,lossy):
    H,W=rgb.shape[:2]; k=max(1.,max(H,W)/1024)
    work=cv2.resize(rgb,(max(1,round(W/k)),max(1,round(H/k))),interpolation=cv2.INTER_AREA) if k>1 else rgb
    lab=to_lab(work); rough=roughness(lab); lab,s=smooth(work,lab,lossy)
    zones,size=flat_zones(lab,max(2.2,5*s))
    coding=Coding(8/k,.22,True,.3 if k<1.5 else .6) if lossy else Coding(0,.1,rough>=.8,1.)
    ground=find_ground(lab,zones,size,coded_px=coding.spread_px)
    labels=partition(lab,ycc(work),zones,size,ground,coding)
    return dict(rough=rough,k=k,lab=lab,R=ground.away,T=ground.tolerance,labels=labels,ground=ground,zones=zones)

from .relations import relate
def find_things(rgb,lossy):
    o=look_pixels(rgb,lossy)
    th=relate(o['labels'].copy(),o['lab'],o['ground'],rough=o['rough']); L,parts=th.labels,th.parts
    h,w=L.shape
    minside=max(2,.006*max(h,w))
    parts={i:r for i,r in parts.items() if max(r.width,r.height)>=minside and r.area>=4}
    return o,L,parts
